"""Statements that are compiled once for each kind of database, and asked with plain values.

SQLAlchemy writes the SQL and knows how values are stored. Running it through SQLAlchemy as well
took six milliseconds of a login, whose hash takes sixteen: so the text goes to the driver as it is,
as the check of a session does. What is asked for on requests is made once, when a module is loaded;
what depends on values in another way than by naming them is made where it is asked, and takes some
tenths of a millisecond to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Executable, Insert, bindparam, insert
from sqlalchemy.engine import Compiled, Dialect

from vestibule.user import Row

Values = dict[str, Any]
Convert = Callable[[Any], Any]


class Prepared(NamedTuple):
    """A statement in the words of one kind of database."""

    sql: str
    # What the driver takes, of the values by name.
    arrange: Callable[[Values], Any]
    # What is made of a row that the driver returns.
    read: Callable[[Sequence[Any]], Any]


class Statement:
    """A statement, whatever the database.

    :param clause: in SQLAlchemy's words; ``bindparam`` names what is given each time.
    :param of: what is made of each row, by the names of its columns; none: a tuple.
    """

    def __init__(self, clause: Executable, *, of: Callable[..., Any] | None = None) -> None:
        self._clause, self._of = clause, of
        self._prepared: dict[str, Prepared] = {}

    def on(self, dialect: Dialect) -> Prepared:
        """The statement in the words of ``dialect``, compiled when it is asked the first time."""
        return self._prepared.get(dialect.name) or self._prepare(dialect)

    def _prepare(self, dialect: Dialect) -> Prepared:
        compiled: Any = self._clause.compile(  # type: ignore[attr-defined]  # All of ours can.
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        prepared = Prepared(
            str(compiled), _arranging(compiled, dialect), _reading(self._clause, self._of, dialect)
        )
        self._prepared[dialect.name] = prepared
        return prepared


def adding(model: type[Row], *names: str) -> Insert:
    """An ``INSERT`` of one row, with values for these columns."""
    return insert(model).values({name: bindparam(name) for name in names})


def _arranging(compiled: Compiled, dialect: Dialect) -> Callable[[Values], Any]:
    """What puts values by name into the order and shape that the driver takes."""
    made: Any = compiled
    literals = {
        name: _convert(made.binds.get(name), dialect)(value)
        for name, value in made.params.items()
        # One that is missing must not become NULL, but be missed.
        if value is not None and not _is_given(made.binds.get(name))
    }
    names = made.positiontup if made.positional else list(made.params)
    steps = [(name, _convert(made.binds[name], dialect)) for name in names if name not in literals]
    if made.positional:
        return _by_position(names, steps, literals)
    return lambda values: literals | {name: step(values[name]) for name, step in steps}


def _by_position(
    names: Sequence[str], steps: Sequence[tuple[str, Convert]], literals: Values
) -> Callable[[Values], Any]:
    if not literals:
        return lambda values: [step(values[name]) for name, step in steps]

    def arrange(values: Values) -> list[Any]:
        found = literals | {name: step(values[name]) for name, step in steps}
        return [found[name] for name in names]

    return arrange


def _is_given(bind: BindParameter[Any] | None) -> bool:
    """Whether it is a value that is given each time, and no part of the statement."""
    return bind is not None and bind.required


def _convert(bind: BindParameter[Any] | None, dialect: Dialect) -> Convert:
    """What makes of a value what is stored."""
    convert = bind.type.dialect_impl(dialect).bind_processor(dialect) if bind is not None else None
    return convert or _as_it_is


def _reading(
    clause: Any, of: Callable[..., Any] | None, dialect: Dialect
) -> Callable[[Sequence[Any]], Any]:
    """What makes of what is stored what the caller gets."""
    columns = list(getattr(clause, "exported_columns", ()))
    names = [column.key for column in columns]
    steps = [
        column.type.dialect_impl(dialect).result_processor(dialect, None) or _as_it_is
        for column in columns
    ]
    if of is not None:
        return lambda row: of(
            **{name: step(value) for name, step, value in zip(names, steps, row, strict=True)}
        )
    if all(step is _as_it_is for step in steps):
        return tuple
    return lambda row: tuple(step(value) for step, value in zip(steps, row, strict=True))


def _as_it_is(value: Any) -> Any:
    return value
