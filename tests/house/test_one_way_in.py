"""Sessions begin in one room, which knows who owes a factor; whoever else opened one forgot it."""

from __future__ import annotations

import ast

from tests.house.reading import SRC, sources, tree


def calls(name: str) -> dict[str, int]:
    """In which files of the service, and how often, a method of some ``sessions`` is called so."""
    found: dict[str, int] = {}
    for path in sources(SRC):
        for node in ast.walk(tree(path)):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr == name:
                of = ast.unparse(called.value)
                if of.endswith("sessions"):
                    where = str(path.relative_to(SRC))
                    found[where] = found.get(where, 0) + 1
    return found


def test_only_the_entrance_opens_sessions() -> None:
    assert calls("open") == {"auth/entrance.py": 2}
    # And only what it opens them by writes one down.
    assert calls("add") == {"auth/sessions.py": 1}


def test_only_the_entrance_gives_a_session_another_id() -> None:
    assert calls("renew") == {"auth/entrance.py": 1}


def test_who_lets_in_without_a_login_is_known() -> None:
    """The exercise's way, for programs that know by themselves who asks."""
    found = {str(path.relative_to(SRC)) for path in sources(SRC) if ".let_in(" in path.read_text()}
    assert found == {"auth/__init__.py"}
