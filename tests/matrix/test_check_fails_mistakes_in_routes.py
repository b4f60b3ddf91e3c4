"""A mistake in app.py or main.py fails exactly the task that it is about."""

from pathlib import Path

import pytest

from tests.lab.lessons import Mutant, lesson_copy, mutant
from vestibule.lab.contract import grade

MUTANTS = [
    mutant(
        6,
        "another host",
        "app.py",
        'app.run(host="0.0.0.0", port="5000")',
        'app.run(host="127.0.0.1", port=5000)',
    ),
    mutant(6, "runs when imported", "app.py", 'if __name__ == "__main__":\n    app', "app"),
    mutant(
        7,
        "200 for a known e-mail",
        "app.py",
        '{"message": "email already registered"}), 400',
        '{"message": "email already registered"})',
    ),
    mutant(
        11,
        "no cookie",
        "app.py",
        '    response.set_cookie("session_id", session_id)\n',
        "",
    ),
    mutant(
        11,
        "403 for a wrong password",
        "app.py",
        "AUTH.valid_login(email, password):\n        abort(401)",
        "AUTH.valid_login(email, password):\n        abort(403)",
    ),
    mutant(14, "leads elsewhere", "app.py", 'redirect("/")', 'redirect("/profile")'),
    mutant(14, "the session stays", "app.py", "    AUTH.destroy_session(user.id)\n", ""),
    mutant(
        14,
        "404 for a stranger",
        "app.py",
        "        abort(403)\n    AUTH.destroy_session",
        "        abort(404)\n    AUTH.destroy_session",
    ),
    mutant(
        15,
        "401 for a stranger",
        "app.py",
        '        abort(403)\n    return jsonify({"email": user.email})',
        '        abort(401)\n    return jsonify({"email": user.email})',
    ),
    mutant(
        15,
        "a key too many",
        "app.py",
        '{"email": user.email}',
        '{"email": user.email, "id": user.id}',
    ),
    mutant(
        17,
        "200 for an unknown e-mail",
        "app.py",
        "    except ValueError:\n        abort(403)\n    # In real life",
        "    except ValueError:\n        reset_token = None\n    # In real life",
    ),
    mutant(
        19,
        "the password stays",
        "app.py",
        "AUTH.update_password(reset_token, new_password)",
        "AUTH.update_password(reset_token, 'something else')",
    ),
    mutant(
        20,
        "a check that asserts nothing",
        "main.py",
        '    response = requests.get(URL + "/profile")\n    assert response.status_code == 403\n',
        '    requests.get(URL + "/profile")\n',
    ),
    mutant(20, "never logs out", "main.py", "    log_out(session_id)\n", ""),
    mutant(
        20,
        "another signature",
        "main.py",
        "def log_out(session_id: str)",
        "def log_out(session_id: str, email: str = EMAIL)",
        "def profile_unlogged()",
        "def profile_unlogged(email: str)",
        "    profile_unlogged()",
        "    profile_unlogged(EMAIL)",
    ),
]


@pytest.mark.parametrize("mistake", MUTANTS, ids=lambda m: f"{m.fails}: {m.name}")
def test_it_fails_its_own_task_and_no_other(mistake: Mutant, tmp_path: Path) -> None:
    report = grade(str(lesson_copy(tmp_path, *mistake.edits)), beyond=[])
    assert report.failed_tasks == [mistake.fails]


def test_a_main_without_any_assertion_is_no_check(tmp_path: Path) -> None:
    target = lesson_copy(tmp_path)
    main = target / "main.py"
    main.write_text(main.read_text().replace("assert ", "_ = "))
    (failed,) = [result for result in grade(str(target), beyond=[]).tasks if result.failed]
    assert failed.key == 20
    assert (
        failed.expected == "register_user to fail against a server that answers 500 to everything"
    )
