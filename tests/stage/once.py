"""What every application of a run makes alike is made once: its routes and its templates.

A run makes thousands of applications, and most of what each took went there. None of it can tell
applications apart: it follows from the text of a rule or a template alone.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from jinja2 import Environment
from werkzeug.routing import Rule

# What makes a function of a rule that writes its path. It is Werkzeug's own matter: where it is
# called otherwise, this fails at once.
BUILDER, PATH = "_compile_builder", attrgetter("rule", "_trace")


def make_once() -> None:
    """Have it so in this process."""
    setattr(Rule, BUILDER, _builders(getattr(Rule, BUILDER)))
    Environment.compile = _templates(Environment.compile)  # type: ignore[method-assign]


def _builders(made: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def builder(rule: Any, append_unknown: bool = True) -> Any:
        if rule.defaults:
            return made(rule, append_unknown)
        path, trace = PATH(rule)
        key = path, tuple(trace), append_unknown
        if key not in known:
            known[key] = made(rule, append_unknown)
        return known[key]

    return builder


def _templates(made: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def compiled(environment: Environment, source: Any, *names: Any, **how: Any) -> Any:
        if environment.autoescape is not True or how or not isinstance(source, str):
            return made(environment, source, *names, **how)
        spaces = environment.trim_blocks, environment.lstrip_blocks
        key = source, names, spaces, environment.undefined
        if key not in known:
            known[key] = made(environment, source, *names)
        return known[key]

    return compiled
