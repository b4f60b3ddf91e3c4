"""What a service says to its database, and how the database would go about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, Engine, event

# Whoever is asked for by these reads or writes rows.
WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# Tables that grow with people and time. Besides, there are two marks of the audit trail and the
# number of the schema.
GROWING = {
    *("users", "sessions", "logins", "totp", "recovery_codes", "tokens", "outbox"),
    *("passkeys", "challenges"),
    *("rate_limits", "audit_events"),
}
Said = dict[str, Any]
TIMES = count()


@contextmanager
def listening() -> Iterator[Said]:
    """Every statement that any driver sends from now on, with values of one time that it was."""
    said: Said = {}

    def note(statement: Any, values: Any = ()) -> None:
        text = str(statement).strip()
        if text.upper().startswith(WORDS):
            said.setdefault(_shape(text), (text, values))

    class Noting(Cursor[Any]):
        """Notes what is sent, by whichever way."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            note(query, params)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            rows = list(params_seq)
            note(query, rows[0])
            super().executemany(query, rows, **options)

    def listen(connection: Any, _: object) -> None:
        if hasattr(connection, "set_trace_callback"):
            # SQLite's own word for it, with the values in their places.
            connection.set_trace_callback(note)
        else:
            connection.cursor_factory = Noting

    event.listen(Engine, "connect", listen)
    try:
        yield said
    finally:
        event.remove(Engine, "connect", listen)


def _shape(statement: str) -> str:
    """The statement without its values: one that was sent a thousand times is looked at once."""
    return re.sub(r"'[^']*'|\b\d+\b", "?", statement)


def whole_tables(connection: Connection, said: Said) -> dict[str, str]:
    """The statements that read all of a table that grows, each with its plan."""
    looks = {"sqlite": _of_sqlite, "postgresql": _of_postgresql}[connection.dialect.name]
    found = {}
    for text, values in said.values():
        plan = looks(connection, text, values)
        if plan:
            found[text] = plan
    return found


def _of_sqlite(connection: Connection, text: str, values: Any) -> str:
    # The driver keeps statements by their text, and a plan that was made does not change.
    again = f"EXPLAIN QUERY PLAN {text} -- {next(TIMES)}"
    rows = connection.exec_driver_sql(again).all()
    steps = [str(row[3]) for row in rows]
    # In the order of the table itself, and no further than some rows: that is its beginning or end.
    short = len(steps) == 1 and "LIMIT" in text and "WHERE" not in text
    reads = not short and any(_reads_all(step) for step in steps)
    return "; ".join(steps) if reads else ""


def _reads_all(step: str) -> bool:
    """Whether a step looks at every row, or at all from some moment on: these are most."""
    how, table, *_ = step.split()
    most = how == "SCAN" or re.search(r" INDEX \w+ \(\w+>\?\)", step)
    return table in GROWING and bool(most)


def _of_postgresql(connection: Connection, text: str, values: Any) -> str:
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    driver: Any = connection.connection.driver_connection
    (plan,) = driver.execute(f"EXPLAIN (FORMAT JSON) {text}", values).fetchone()[0]
    nodes = list(_nodes(plan["Plan"]))
    short = any(node["Node Type"] == "Limit" for node in nodes)
    found = [node for node in nodes if _goes_through_all(node, short=short)]
    return str(found) if found else ""


def _goes_through_all(node: dict[str, Any], *, short: bool) -> bool:
    """The same of a node of a plan; of a ``short`` look only the first rows are taken."""
    kind, condition = node["Node Type"], node.get("Index Cond")
    if condition:
        return not short and bool(re.fullmatch(r"\(\w+ > [^()]*\)", condition))
    reads = node.get("Relation Name") in GROWING and "Scan" in kind and "Bitmap" not in kind
    return reads and not (short and "Index" in kind and "Filter" not in node)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)
