"""A mistake in user.py or db.py fails exactly the task that it is about."""

from pathlib import Path

import pytest

from tests.lab.lessons import Mutant, lesson_copy, mutant
from vestibule.lab.contract import grade

SESSION = "    session_id = Column(String(250), nullable=True)\n"
TOKEN = "    reset_token = Column(String(250), nullable=True)\n"

MUTANTS = [
    mutant(0, "wrong column order", "user.py", SESSION + TOKEN, TOKEN + SESSION),
    mutant(
        0,
        "an extra column",
        "user.py",
        TOKEN,
        TOKEN + "    name = Column(String(250), nullable=True)\n",
    ),
    mutant(0, "the table is called user", "user.py", '"users"', '"user"'),
    mutant(
        1,
        "the old rows stay",
        "db.py",
        "self._create_tables(drop_first=True)",
        "self._create_tables()",
    ),
    mutant(1, "SQL is printed", "db.py", '"sqlite:///a.db",', '"sqlite:///a.db", echo=True,'),
    mutant(
        1,
        "add_user does not commit",
        "db.py",
        "    @_transaction\n    def add_user",
        "    def add_user",
        "self._session.add(user)\n        self._session.commit()",
        "self._session.add(user)\n        self._session.flush()",
    ),
    mutant(
        2,
        ".one() instead of the first",
        "db.py",
        "query.filter_by(**kwargs).order_by(User.id).first()",
        "query.filter_by(**kwargs).order_by(User.id).one()",
    ),
    mutant(2, "no column finds anybody", "db.py", "if not kwargs or not COL", "if not COL"),
    mutant(
        2,
        "nobody is None",
        "db.py",
        'raise NoResultFound("No user has these values.")',
        "return None",
    ),
    mutant(
        3,
        "unknown attributes are ignored",
        "db.py",
        'raise ValueError("A user has no such attribute.")',
        "kwargs = {k: v for k, v in kwargs.items() if k in COLUMNS}",
    ),
    mutant(
        3,
        "update_user does not commit",
        "db.py",
        "            setattr(user, name, value)\n",
        "            set_committed_value(user, name, value)\n",
    ),
    mutant(
        3,
        "half of a refused update is stored",
        "db.py",
        "        if not COLUMNS.issuperset(kwargs):\n            raise ValueError",
        "        if not COLUMNS:\n            raise ValueError",
        "            setattr(user, name, value)\n",
        "            if name not in COLUMNS:\n"
        "                raise ValueError(name)\n"
        "            setattr(user, name, value)\n"
        "            self._session.commit()\n",
    ),
]


@pytest.mark.parametrize("mistake", MUTANTS, ids=lambda m: f"{m.fails}: {m.name}")
def test_it_fails_its_own_task_and_no_other(mistake: Mutant, tmp_path: Path) -> None:
    report = grade(str(lesson_copy(tmp_path, *mistake.edits)), beyond=[])
    assert report.failed_tasks == [mistake.fails]
