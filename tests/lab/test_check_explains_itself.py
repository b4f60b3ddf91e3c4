"""What `vestibule check` says leads a learner to the mistake, and to whose mistake it is."""

from __future__ import annotations

import ssl
import sys
import threading
import venv
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest
from click.testing import CliRunner

from tests.stage.server import Server
from vestibule.cli.check import check
from vestibule.lab.contract import grade
from vestibule.lab.probe.reference import Broken, Kept, Quiet, application, served
from vestibule.lab.probe.verdict import apart
from vestibule.lab.report import Report, Unusable, Verdict

from .lessons import Edit, lesson_copy

PROFILE = '    return jsonify({"email": user.email})\n'


def seen(target: Path, number: int) -> str:
    """Return what was seen where this task failed, and no other did."""
    report = grade(str(target), beyond=[])
    assert report.failed_tasks == [number]
    return report.tasks[number].seen or ""


def test_a_500_comes_with_the_exception_and_its_line(tmp_path: Path) -> None:
    broken = '    raise KeyError("caf\u00e9 is closed")\n'
    target = lesson_copy(tmp_path, Edit("app.py", PROFILE, broken))
    line = (target / "app.py").read_text().splitlines().index(broken.rstrip()) + 1
    assert seen(target, 15) == f"500: KeyError: 'caf\\xe9 is closed' (app.py, line {line})"


def test_of_a_long_message_the_first_line_is_shown(tmp_path: Path) -> None:
    broken = '    raise ValueError("one" + "\\n" + "two")\n'
    assert seen(lesson_copy(tmp_path, Edit("app.py", PROFILE, broken)), 15).startswith(
        "500: ValueError: one (app.py, line "
    )


def test_an_exception_that_the_app_itself_turns_into_a_500_is_told_as_well(tmp_path: Path) -> None:
    own = 'AUTH = Auth()\n\n\n@app.errorhandler(Exception)\ndef oops(_):\n    return "oops", 500\n'
    target = lesson_copy(
        tmp_path,
        Edit("app.py", "AUTH = Auth()\n", own),
        Edit("app.py", '    """Say welcome."""\n', "    return 1 / 0\n"),
    )
    assert "500: ZeroDivisionError: division by zero (app.py" in str(
        grade(str(target), beyond=[]).tasks[6].seen
    )


def test_what_is_raised_outside_of_flask_is_told_as_well(tmp_path: Path) -> None:
    middleware = (
        "AUTH = Auth()\n\n\ndef outside(_environ, _start):\n"
        '    raise OSError("no disk")\n\n\napp.wsgi_app = outside\n'
    )
    target = lesson_copy(tmp_path, Edit("app.py", "AUTH = Auth()\n", middleware))
    assert "500: OSError: no disk (app.py" in str(grade(str(target), beyond=[]).tasks[7].seen)


def test_a_crowd_tells_the_commonest_error(tmp_path: Path) -> None:
    target = lesson_copy(
        tmp_path,
        Edit("app.py", "        AUTH.register_user(email, password)\n", "        1 / 0\n"),
    )
    (crowd,) = grade(str(target), beyond=["concurrent-registration"]).beyond
    assert "statuses {500: 12}, as 500: ZeroDivisionError: division by zero (app.py" in str(
        crowd.seen
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with nothing but the standard library."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    return str(folder / "bin" / "python")


def test_an_interpreter_without_what_the_folder_imports_is_refused_in_one_line(
    bare: str, tmp_path: Path
) -> None:
    target = lesson_copy(tmp_path)
    result = CliRunner().invoke(check, [str(target), "--python", bare])
    assert result.exit_code == 2
    assert result.output == (
        f"Error: {bare} has no module bcrypt, flask, requests, sqlalchemy: "
        "name an interpreter that has what the folder imports with --python.\n"
    )


def test_an_interpreter_need_not_have_what_the_folder_does_without(
    bare: str, tmp_path: Path
) -> None:
    (tmp_path / "user.py").write_text("try:\n    import flask\nexcept ImportError:\n    pass\n")
    assert grade(str(tmp_path), python=bare, beyond=[]).failed_tasks == list(range(21))


def test_a_misspelt_import_is_the_folders_mistake_and_graded(tmp_path: Path) -> None:
    target = lesson_copy(tmp_path, Edit("app.py", "from flask import Flask", "from flaks import F"))
    report = grade(str(target), python=sys.executable, beyond=[])
    assert "No module named 'flaks' (app.py" in str(report.tasks[6].seen)


def test_a_check_with_nothing_to_look_at_does_not_pass(tmp_path: Path) -> None:
    report = grade(str(tmp_path))
    assert Verdict.PASSED not in {result.verdict for result in [*report.tasks, *report.beyond]}
    shebang = next(result for result in report.beyond if result.key == "shebang")
    assert (shebang.verdict, shebang.reason) == (
        Verdict.NOT_APPLICABLE,
        "there is no .py file to look at",
    )
    assert "There is none of user.py" in report.notes[0]


def test_https_where_nothing_speaks_tls_is_refused_in_one_line() -> None:
    # It answers before the handshake is over, as servers do that know HTTP alone.
    with served(Kept()) as port:
        result = CliRunner().invoke(check, [f"https://127.0.0.1:{port}"])
    assert result.exit_code == 2
    assert result.output == (
        f"Error: nothing speaks TLS at https://127.0.0.1:{port}: is it http://127.0.0.1:{port}?\n"
    )


@pytest.fixture
def secure_port() -> Iterator[int]:
    """The port of a server that speaks TLS alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A cipher that needs no certificate: the handshake is all that matters.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    with make_server("127.0.0.1", 0, application(Kept()), handler_class=Quiet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_http_where_tls_is_spoken_is_refused(secure_port: int) -> None:
    with pytest.raises(Unusable, match=f"speaks TLS: name it https://127.0.0.1:{secure_port}"):
        grade(f"http://127.0.0.1:{secure_port}")


def test_a_path_where_everything_is_404_is_named() -> None:
    with served(Broken(404, {})) as port:
        report = grade(f"http://127.0.0.1:{port}/wrong", beyond=[])
    assert report.notes == ["Every answer was 404: is the path of the URL right?"]


def test_a_long_answer_is_shown_where_it_differs() -> None:
    expected = '200 {"email": "check-0123456789abcdef@example.com", "message": "Password updated"}'
    shown = apart(expected, expected.replace("Password", "password"))
    assert shown == (
        '...ample.com", "message": "Password updated"}',
        '...ample.com", "message": "password updated"}',
    )
    start = "x" * 50 + "a" + "y" * 50, "x" * 50 + "b" + "y" * 50
    assert apart(*start) == (
        "..." + "x" * 24 + "a" + "y" * 24 + "...",
        "..." + "x" * 24 + "b" + "y" * 24 + "...",
    )
    assert apart("short", "shorter") == ("short", "shorter")


def test_the_word_that_differs_is_on_the_page(tmp_path: Path) -> None:
    target = lesson_copy(tmp_path, Edit("app.py", '"Password updated"', '"password updated"'))
    result = CliRunner().invoke(check, [str(target)])
    assert '"password' in result.output
    assert '"Password' in result.output
    assert "\u2026" not in result.output


def test_what_is_printed_is_called_printed(tmp_path: Path) -> None:
    target = lesson_copy(
        tmp_path, Edit("db.py", '            "sqlite:///a.db",\n', '"sqlite:///a.db", echo=True,\n')
    )
    (failed,) = [result for result in grade(str(target), beyond=[]).tasks if result.failed]
    assert failed.expected == "nothing printed by DB() and add_user, as echo=True would"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """The verdict on the service as `vestibule run` starts it."""
    server = Server(tmp_path_factory.mktemp("strict")).start()
    try:
        yield grade(server.url)
    finally:
        server.stop()


def test_the_strict_profile_is_recognised_and_explained(strict: Report) -> None:
    assert len(strict.notes) == 1
    assert "strict profile" in strict.notes[0]
    assert "vestibule run --profile classic" in strict.notes[0]
    assert not strict.passed


def test_what_another_task_kept_from_being_checked_is_not_failed(strict: Report) -> None:
    unjudged = [r for r in strict.beyond if "could not be checked" in (r.reason or "")]
    assert unjudged
    assert {result.verdict for result in unjudged} == {Verdict.NOT_APPLICABLE}
    assert not [r for r in strict.beyond if "could not be checked" in (r.seen or "")]


def test_a_right_server_needs_no_explanation() -> None:
    with served(Kept()) as port:
        assert grade(f"http://127.0.0.1:{port}", beyond=[]).notes == []
