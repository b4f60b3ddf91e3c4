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
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.types import TypeEngine

from vestibule.user import Row

Values = dict[str, Any]
# None: as it is.
Convert = Callable[[Any], Any] | None


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
    :param of: what is made of each row; none: a tuple.
    """

    def __init__(self, clause: Executable, *, of: type[Row] | None = None) -> None:
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
    return insert(model).values(given(*names))


def given(*names: str) -> Values:
    """For ``values()`` of a statement: a value for each of these columns, given each time."""
    return {name: bindparam(name) for name in names}


def _arranging(compiled: Compiled, dialect: Dialect) -> Callable[[Values], Any]:
    """What puts values by name into the order and shape that the driver takes."""
    made: Any = compiled
    binds = [made.binds.get(name) for name in made.params]
    convert = {name: _stored(bind, dialect) for name, bind in zip(made.params, binds, strict=True)}
    literals = {
        name: _converted(convert[name], value)
        for (name, value), bind in zip(made.params.items(), binds, strict=True)
        # One that is missing must not become NULL, but be missed.
        if value is not None and not (bind is not None and bind.required)
    }
    names = made.positiontup if made.positional else made.params
    given = [(name, convert[name]) for name in names if name not in literals]
    if not made.positional:
        return lambda values: literals | {name: _converted(f, values[name]) for name, f in given}
    if not literals:
        return lambda values: [values[name] if not f else f(values[name]) for name, f in given]

    def arrange(values: Values) -> list[Any]:
        found = literals | {name: _converted(f, values[name]) for name, f in given}
        return [found[name] for name in names]

    return arrange


def _reading(clause: Any, of: type[Row] | None, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    """What makes of what is stored what the caller gets."""
    columns = list(getattr(clause, "exported_columns", ()))
    steps = [_loaded(column.type, dialect) for column in columns]
    if not any(steps) and of is None:
        return tuple
    if of is None:
        return lambda row: tuple(map(_converted, steps, row))
    names = [column.key for column in columns]
    # As SQLAlchemy makes what it loads: the constructor takes seven times as long.
    new = manager_of_class(of).new_instance

    def read(row: Sequence[Any]) -> Row:
        made: Row = new()
        made.__dict__.update(zip(names, map(_converted, steps, row), strict=True))
        return made

    return read


def _converted(convert: Convert, value: Any) -> Any:
    return value if convert is None else convert(value)


def _stored(bind: BindParameter[Any] | None, dialect: Dialect) -> Convert:
    """What makes of a value what is stored."""
    return None if bind is None else bind.type.dialect_impl(dialect).bind_processor(dialect)


def _loaded(kind: TypeEngine[Any], dialect: Dialect) -> Convert:
    """What makes of what is stored a value."""
    return kind.dialect_impl(dialect).result_processor(dialect, None)
