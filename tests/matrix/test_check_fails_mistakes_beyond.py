"""A mistake beyond the exercise fails none of the 21 tasks, and exactly the check it is about."""

from pathlib import Path

import pytest

from tests.lab.lessons import Edit, Mutant, lesson_copy, mutant
from vestibule.lab.catalogue import BEYOND
from vestibule.lab.contract import grade

STYLE = {
    *("shebang", "executable", "final-newline", "docstrings", "annotations"),
    *("app-through-auth", "private-names"),
}
CROWDS = {"concurrent-registration", "concurrent-reset", "parallel-requests"}

MUTANTS = [
    mutant(
        "empty-secrets",
        "400 without a token",
        "app.py",
        "    if not email or not reset_token or not new_password:\n        abort(403)\n",
        "    if not reset_token:\n        abort(400)\n"
        "    if not email or not new_password:\n        abort(403)\n",
    ),
    mutant(
        "missing-fields",
        "an account without e-mail",
        "app.py",
        "    if not email or not password:\n"
        '        return jsonify({"message": "email and password are required"}), 400\n',
        "",
    ),
    mutant(
        "trailing-slashes",
        "404 with a slash",
        "app.py",
        "app.url_map.strict_slashes = False\n",
        "",
    ),
    mutant(
        "long-passwords",
        "the rest is cut off",
        "auth.py",
        'secret = password.encode("utf-8")',
        'secret = password.encode("utf-8")[:72]',
    ),
    mutant(
        "concurrent-registration",
        "looks first, and hashes then",
        "auth.py",
        '        hashed = _hash_password(password).decode("ascii")\n        with self._lock:\n'
        "            try:\n"
        "                self._db.find_user_by(email=email)\n"
        "            except NoResultFound:\n"
        "                return self._db.add_user(email, hashed)\n",
        "        try:\n"
        "            self._db.find_user_by(email=email)\n"
        "        except NoResultFound:\n"
        '            hashed = _hash_password(password).decode("ascii")\n'
        "            return self._db.add_user(email, hashed)\n",
    ),
    mutant(
        "concurrent-reset",
        "looks first, and hashes then",
        "auth.py",
        "        self._find_by_reset_token(reset_token)\n        hashed",
        "        user = self._find_by_reset_token(reset_token)\n        hashed",
        "            user = self._find_by_reset_token(reset_token)\n            self._db",
        "            self._db",
    ),
    mutant(
        "stale-objects",
        "returns a detached object",
        "db.py",
        "        self._copies[user] = user.id\n        return user\n\n    @_transaction\n    def f",
        "        self._session.expunge(user)\n        return user\n\n    @_transaction\n    def f",
    ),
    mutant(
        "failed-insert",
        "no rollback",
        "db.py",
        "                    self._session.rollback()\n                    raise\n    return",
        "                    raise\n    return",
    ),
    mutant(
        "dropped-database",
        "connections are kept",
        "db.py",
        "from sqlalchemy.pool import NullPool",
        "from sqlalchemy.pool import QueuePool as NullPool",
    ),
    mutant("names", "another view", "app.py", "def profile()", "def show_profile()"),
    mutant(
        "shebang",
        "another interpreter",
        "auth.py",
        '#!/usr/bin/env python3\n"""The',
        '#!/usr/bin/python3\n"""The',
    ),
    mutant("docstrings", "a silent function", "app.py", '    """Say welcome."""\n', ""),
    mutant(
        "annotations",
        "no type of the result",
        "app.py",
        "def index() -> ResponseReturnValue:",
        "def index():",
    ),
    mutant(
        "app-through-auth",
        "the app knows the database",
        "app.py",
        "from auth import Auth, UnusablePassword\n",
        "from auth import Auth, UnusablePassword\nfrom db import DB\n",
        "AUTH = Auth()\n",
        "AUTH = Auth()\nSTORE = DB()\n",
    ),
    mutant(
        "private-names",
        "Auth uses the session",
        "auth.py",
        "self._db.update_user(user_id, session_id=None)\n",
        "self._db.update_user(user_id, session_id=None)\n            self._db._session.commit()\n",
    ),
]


@pytest.mark.parametrize("mistake", MUTANTS, ids=lambda m: f"{m.fails}: {m.name}")
def test_it_fails_its_own_check_and_nothing_else(mistake: Mutant, tmp_path: Path) -> None:
    # How a file is written has no bearing on what it does in a crowd.
    beyond = STYLE if mistake.fails in STYLE else BEYOND
    report = grade(str(lesson_copy(tmp_path, *mistake.edits)), beyond=beyond)
    assert report.failed_tasks == []
    assert report.failed_beyond == [mistake.fails]


def test_one_session_for_all_threads_passes_the_tasks_and_fails_in_a_crowd(tmp_path: Path) -> None:
    edits = (
        Edit("db.py", "from threading import RLock", "from contextlib import nullcontext as RLock"),
        Edit("db.py", "scoped_session(\n            sessionmaker(", "(lambda s: lambda: s)("),
        Edit("db.py", "expire_on_commit=False))\n", "expire_on_commit=False)())\n"),
        Edit("db.py", "(lambda s: lambda: s)(bind", "(lambda s: lambda: s)(sessionmaker(bind"),
    )
    report = grade(str(lesson_copy(tmp_path, *edits)), beyond=CROWDS)
    assert report.failed_tasks == []
    assert "parallel-requests" in report.failed_beyond


NO_COOKIE_GUARD = Edit("auth.py", "        if not session_id:\n            return None\n", "")
ONLY_NONE = Edit("auth.py", "        if not session_id:\n", "        if session_id is None:\n")
NO_TOKEN_GUARD = Edit(
    "auth.py",
    '        if not reset_token:\n            raise ValueError("There is no reset token")\n',
    "",
)
BARE_TOKEN = (
    Edit("app.py", 'field("email"), field("reset_token")', 'field("email"), TOKEN'),
    Edit("app.py", "TOKEN", 'request.form.get("reset_token")'),
    Edit("app.py", "not email or not reset_token or", "not email or"),
)
HOLES = {
    "an absent cookie is NULL": (12, (NO_COOKIE_GUARD,)),
    "an empty cookie is a session that ended": (
        13,
        (ONLY_NONE, Edit("auth.py", "(user_id, session_id=None)", '(user_id, session_id="")')),
    ),
    "an absent token is NULL": (18, (NO_TOKEN_GUARD, *BARE_TOKEN)),
    "an empty token is one that was used": (
        18,
        (NO_TOKEN_GUARD, *BARE_TOKEN, Edit("auth.py", "reset_token=None)", 'reset_token="")')),
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_for_absent_secrets_is_seen_though_its_task_is_stood_in_for(
    hole: str, tmp_path: Path
) -> None:
    task, edits = HOLES[hole]
    report = grade(str(lesson_copy(tmp_path, *edits)), beyond=["empty-secrets", "missing-fields"])
    assert report.failed_tasks == [task]
    assert "empty-secrets" in report.failed_beyond
    assert (report.beyond[0].seen or "")[:3] in {"200", "302"}


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ('"User {} already exists"', '"{} is taken"'),
        ("hashed_password=hashed, reset_token=None)", "hashed_password=hashed)"),
    ],
    ids=["register_user", "update_password"],
)
def test_a_stand_in_does_well_in_a_crowd(find: str, replace: str, tmp_path: Path) -> None:
    target = lesson_copy(tmp_path, Edit("auth.py", find, replace))
    report = grade(str(target), beyond=CROWDS)
    assert len(report.failed_tasks) == 1
    assert report.failed_beyond == []


def test_the_mode_and_the_last_byte_of_every_file_are_looked_at(tmp_path: Path) -> None:
    target = lesson_copy(tmp_path)
    (target / "auth.py").chmod(0o644)
    (target / "db.py").write_text((target / "db.py").read_text().rstrip())
    report = grade(str(target), beyond=["executable", "final-newline"])
    assert report.failed_tasks == []
    assert [(result.key, result.seen) for result in report.beyond] == [
        ("executable", "not so in auth.py"),
        ("final-newline", "not so in db.py"),
    ]


def test_every_check_beyond_the_exercise_has_a_mutant() -> None:
    others = {"parallel-requests", "executable", "final-newline"}
    assert {mistake.fails for mistake in MUTANTS} | others == set(BEYOND)
