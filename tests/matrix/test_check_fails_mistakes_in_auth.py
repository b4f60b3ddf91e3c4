"""A mistake in auth.py fails exactly the task that it is about."""

from pathlib import Path

import pytest

from tests.lab.lessons import Mutant, lesson_copy, mutant
from vestibule.lab.contract import grade

MUTANTS = [
    mutant(
        4,
        "one salt for all",
        "auth.py",
        "bcrypt.gensalt())",
        'b"$2b$12$abcdefghijklmnopqrstuu")',
    ),
    mutant(
        5,
        "a known e-mail is registered again",
        "auth.py",
        'raise ValueError("User {} already exists".format(email))',
        "return self._db.add_user(email, hashed)",
    ),
    mutant(
        8,
        "an unknown e-mail raises",
        "auth.py",
        "except (NoResultFound, ValueError):",
        "except ValueError:",
    ),
    mutant(
        9,
        "uuid1, which can be guessed",
        "auth.py",
        "from uuid import uuid4",
        "from uuid import uuid1 as uuid4",
    ),
    mutant(9, "a UUID without dashes", "auth.py", "return str(uuid4())", "return uuid4().hex"),
    mutant(
        10,
        "a second login keeps the first session",
        "auth.py",
        "            self._db.update_user(user.id, session_id=session_id)\n",
        "            if user.session_id:\n"
        "                return user.session_id\n"
        "            self._db.update_user(user.id, session_id=session_id)\n",
    ),
    mutant(
        10,
        "an unknown e-mail raises",
        "auth.py",
        "            return None\n        return session_id",
        "            raise\n        return session_id",
    ),
    mutant(
        12,
        "None is somebody's session",
        "auth.py",
        "        if not session_id:\n            return None\n",
        "",
    ),
    mutant(
        13,
        "an unknown id raises",
        "auth.py",
        "        except NoResultFound:\n            pass\n",
        "        except NoResultFound:\n            raise\n",
    ),
    mutant(
        13,
        "an empty session instead of none",
        "auth.py",
        "self._db.update_user(user_id, session_id=None)",
        'self._db.update_user(user_id, session_id="")',
    ),
    mutant(
        16,
        "the token is not stored",
        "auth.py",
        "self._db.update_user(user.id, reset_token=reset_token)",
        "user.reset_token = reset_token",
    ),
    mutant(
        18,
        "the token stays valid",
        "auth.py",
        "user.id, hashed_password=hashed, reset_token=None)",
        "user.id, hashed_password=hashed)",
    ),
    mutant(
        18,
        "None is somebody's token",
        "auth.py",
        '        if not reset_token:\n            raise ValueError("There is no reset token")\n',
        "",
    ),
]


@pytest.mark.parametrize("mistake", MUTANTS, ids=lambda m: f"{m.fails}: {m.name}")
def test_it_fails_its_own_task_and_no_other(mistake: Mutant, tmp_path: Path) -> None:
    report = grade(str(lesson_copy(tmp_path, *mistake.edits)), beyond=[])
    assert report.failed_tasks == [mistake.fails]
    assert report.stood_in == [mistake.fails]
