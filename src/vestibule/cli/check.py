"""`vestibule check`: the grader, from a terminal."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from vestibule.cli.refusals import CannotStart
from vestibule.lab.contract import SECONDS, grade
from vestibule.lab.report import Report, Result, Unusable, Verdict

MARKS = {
    Verdict.PASSED: Text("passed", style="green"),
    Verdict.FAILED: Text("failed", style="bold red"),
    Verdict.NOT_APPLICABLE: Text("not applicable", style="dim"),
}
# Wide enough for the longest name beside what was seen, where no terminal says otherwise.
PAPER_WIDTH = 120


@click.command()
@click.argument("target")
@click.option("--python", metavar="PATH", help="Run a folder with this interpreter.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0.1),
    default=SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of each check.",
)
def check(target: str, python: str | None, as_json: bool, seconds: float) -> None:
    """Grade an implementation of the contract.

    TARGET is a URL, of which the routes are graded, or a folder with user.py, db.py, auth.py,
    app.py and main.py, which is copied and run. The exit status is 0 if every task passes,
    1 if one fails, and 2 if there is nothing to grade.
    """
    # An interrupted run ends its processes and removes its folder as a finished one does.
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with bar() as progress:
            report = grade(target, python=python, seconds=seconds, progress=progress)
    except Unusable as error:
        raise CannotStart(f"{error}.".replace("?.", "?")) from error
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        show(report)
    sys.exit(0 if report.passed else 1)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End the run as Ctrl-C does."""
    raise KeyboardInterrupt


@contextmanager
def bar() -> Iterator[Callable[[int, int, str], None]]:
    """Yield what shows the progress, on a terminal; elsewhere it shows nothing."""
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        task = p.add_task("starting", total=None)

        def progress(done: int, total: int, name: str) -> None:
            p.update(task, completed=done, total=total, description=Text(name).plain)

        yield progress


def show(report: Report) -> None:
    """Print both tables and the verdict."""
    console = Console()
    if not console.is_terminal:
        console.width = PAPER_WIDTH
    console.print(table("The 21 tasks", report.tasks))
    if report.stood_in:
        console.print(
            f"What failed in {tasks(report.stood_in)} was replaced by stand-ins, so that the "
            "checks that build on it judge nothing but themselves."
        )
    console.print(table("Beyond the exercise", report.beyond))
    for note in report.notes:
        click.echo(note)
    click.echo(summary(report))


def tasks(numbers: list[int]) -> str:
    """Return the numbers of some tasks as part of a sentence."""
    *others, last = map(str, numbers)
    return f"tasks {', '.join(others)} and {last}" if others else f"task {last}"


def table(title: str, results: list[Result]) -> Table:
    """Return a table of results: what was expected and seen, or why there is no verdict."""
    numbered = any(isinstance(result.key, int) for result in results)
    details = [detail(result) for result in results]
    shown = Table(title=title, title_justify="left", expand=False)
    if numbered:
        shown.add_column("#", justify="right")
    shown.add_column("task" if numbered else "check", ratio=2)
    shown.add_column("verdict", no_wrap=True)
    if any(details):
        # A long word is not to lose its end: JSON without spaces is one.
        shown.add_column("expected and seen", ratio=3, overflow="fold")
    for result, text in zip(results, details, strict=True):
        # What the target says is text, never markup of ours.
        name = [str(result.key)] if numbered else []
        last = [Text(text)] if any(details) else []
        shown.add_row(*name, Text(result.name), MARKS[result.verdict], *last)
    return shown


def detail(result: Result) -> str:
    """Return what a row says beside its verdict."""
    if result.failed:
        return f"expected {result.expected}\nseen {result.seen}"
    return result.reason or ""


def summary(report: Report) -> str:
    """Return the verdict in a line: how many passed, of how many that apply."""
    levels = ((report.tasks, "tasks"), (report.beyond, "checks beyond the exercise"))
    parts = []
    for results, what in levels:
        applicable = [r for r in results if r.verdict is not Verdict.NOT_APPLICABLE]
        passed = sum(not r.failed for r in applicable)
        parts.append(f"{passed} of {len(applicable)} {what}")
    python = f" with Python {report.python}" if report.python else ""
    return f"{report.target}{python}: {' and '.join(parts)} passed in {report.seconds:.1f} s."
