"""docs/performance.md: text written by people, and between marks what was measured.

``docs/performance/results.json`` holds the runs, one for each database, and what grew with the
database; the tables and the plots are made from it and from nothing else, so nobody edits a figure.
``python -m bench.page`` makes them once more, ``--growth FILE`` with what
``bench.growth`` found, ``--minutes FILE`` with what ``bench.memory`` did, and ``--acts FILE`` with
what ``bench.acts`` did.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import plot
from bench.acts import COLD, PAUSED, SUMMED, WARM
from bench.bars import longer, said
from bench.growth import HEADINGS, cell
from bench.report import CHECKS, SECTIONS, STORMS, Cells, Run, circumstances, judged, promises
from bench.stands import KINDS, SQLITE

DOCS = Path(__file__).parents[1] / "docs"
PAGE, FOLDER = DOCS / "performance.md", DOCS / "performance"
RESULTS = FOLDER / "results.json"
MARK = re.compile(r"(<!-- measured: ([\w:, -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Runs = dict[str, Run]
# What bench.growth, bench.memory and bench.acts found.
GROWTH, MINUTES, ACTS = "growth", "minutes", "acts"
NAMES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "pgbouncer": "PostgreSQL through pgbouncer",
}


def store(run: Run) -> None:
    """Keep this run in place of the one before on the same database, and renew the page."""
    write(stored() | {run["plan"]["database"]: run})


def stored() -> Runs:
    """What is kept of the last runs."""
    runs: Runs = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return runs


def write(runs: Runs) -> None:
    """Keep these, and renew the page and its plots."""
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), runs), encoding="utf-8")
    for name, drawn in plots(runs).items():
        (FOLDER / name).write_text(drawn, encoding="utf-8")


def renewed(page: str, runs: Runs) -> str:
    """The page with all that is between marks made anew.

    :raises KeyError: a mark names what there is not.
    """
    return MARK.sub(lambda found: f"{found[1]}{part(found[2], runs)}\n{found[3]}", page)


def part(name: str, runs: Runs) -> str:
    """What belongs between marks of this name: a section of SQLite's run, or of all runs."""
    if name in ACROSS_RUNS:
        return ACROSS_RUNS[name](runs)
    database, _, section = name.rpartition(": ")
    run = runs[database or SQLITE]
    if section == "circumstances":
        return f"```text\n{circumstances(run)}\n```"
    make, heads = SECTIONS[section]
    return markdown([heads, *make(run)]) if list(make(run)) else "Nothing."


def markdown(rows: list[Cells]) -> str:
    """A table: words to the left, numbers to the right."""
    numbers = [all(_is_number(row[column]) for row in rows[1:]) for column in range(len(rows[0]))]
    rule = ["--:" if number else "---" for number in numbers]
    emphatic = (tuple(_loud(cell) for cell in row) for row in rows[1:])
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *emphatic))


def _is_number(cell: str) -> bool:
    return not cell or cell[0].isdigit() or cell[0] in "≥≤-"


def _loud(cell: str) -> str:
    return f"**{cell}**" if cell.startswith("NOT ") else cell


def _side_by_side(runs: Runs) -> str:
    """The service's own rows, a column for each database."""
    kinds = [kind for kind in KINDS if kind in runs]
    heads = ("", *(NAMES[kind] for kind in kinds))
    return markdown([heads, *(_row(title, found, kinds, runs) for title, found in ACROSS.items())])


def _row(title: str, found: Callable[[Any], str], kinds: list[str], runs: Runs) -> Cells:
    cells = []
    for kind in kinds:
        try:
            cells.append(found(runs[kind]["rows"]))
        except (KeyError, TypeError):
            cells.append("-")
    return title, *cells


ACROSS: dict[str, Callable[[Any], str]] = {
    "`GET /profile`, per second": lambda rows: said(rows["profile"]["rps"]),
    "`GET /profile`, p99 ms": lambda rows: said(rows["profile"]["p99_ms"]),
    "`GET /sessions/verify`, per second": lambda rows: said(rows["verify"]["rps"]),
    "logins per second": lambda rows: said(rows["login"]["per_second"]),
    "of the bare hash loop": lambda rows: said(rows["login"]["ratio"]),
    "check p99 ms in a storm, one worker": lambda rows: said(rows["storm-1"]["p99_ms"]),
    "check p99 ms in a storm, two workers": lambda rows: said(rows["storm-2"]["p99_ms"]),
    "excess refused, p99 ms, one worker": lambda rows: said(rows["storm-1"]["refused_p99_ms"]),
    "worker's MB after load": lambda rows: said(rows["memory"]["rested"]),
}


def _growth(runs: Runs) -> str:
    """What becomes dearer with the number of people, a row for each number."""
    if GROWTH not in runs:
        return "Not measured yet."
    rows = runs[GROWTH]["rows"]
    cells = (tuple(cell(row, *heading) for heading in HEADINGS.items()) for row in rows)
    table = markdown([tuple(HEADINGS), *cells])
    return "\n\n".join([*(f"![{ALT[name]}](performance/{name})" for name in grown(runs)), table])


def _minutes(runs: Runs) -> str:
    """What a worker holds over ten minutes of everything."""
    if MINUTES not in runs:
        return "Not measured yet."
    heads = ("when it starts", "after the first minute", "at the end", "at most")
    cells = tuple(f"{said(runs[MINUTES][name])} MB" for name in ("begun", "warm", "end", "most"))
    return markdown([heads, cells])


def _acts(runs: Runs) -> str:
    """What acts cost in processor time, warm and after a hash, and which code a login is in."""
    if ACTS not in runs:
        return "Not measured yet."
    found = runs[ACTS]
    columns = (WARM, PAUSED, SUMMED, COLD)
    times = [(act, *(said(found[name][act]) for name in columns)) for act in found[WARM]]
    parts = [(name, said(part)) for name, part in found[f"{COLD}, of a login"].items()]
    return "\n\n".join(
        [
            markdown([("milliseconds of a core", *columns), *times]),
            markdown([(f"of a login {COLD}, by profile", "%"), *parts]),
        ]
    )


def _reached(runs: Runs) -> str:
    """Every promise, those of longer measurements as well."""
    _, heads = SECTIONS["to reach"]
    return markdown([heads, *promises(runs[SQLITE]), *judged(longer(runs))])


ALT = {
    "growth.svg": "Session checks in a second, by how many people there are",
    "cost.svg": "What a login and a registration cost beyond their hash, by size",
}
ACROSS_RUNS: dict[str, Callable[[Runs], str]] = {
    "databases": _side_by_side,
    GROWTH: _growth,
    MINUTES: _minutes,
    ACTS: _acts,
    "to reach": _reached,
}


def plots(runs: Runs) -> dict[str, str]:
    """Every plot, by its file's name."""
    run = runs[SQLITE]
    under = f"{run['date']}, {run['machine']['processor']}, one worker on one core"
    return grown(runs) | {
        "throughput.svg": plot.bars(
            "Session checks in a second", f"More is better. {under}", list(_throughput(run))
        ),
        "storm.svg": plot.bars(
            "How long a session check takes while logins arrive at ten times what can be hashed",
            f"Milliseconds that 99 in 100 do not exceed; less is better. {run['date']}",
            list(_latency(run)),
        ),
    }


def grown(runs: Runs) -> dict[str, str]:
    """The plots of cost against size, if that was measured."""
    if GROWTH not in runs:
        return {}
    rows = runs[GROWTH]["rows"]
    costs = [
        plot.Line(title, [(row["people"], max(0.0, row[f"{title} +ms"])) for row in rows])
        for title in ("login", "register")
    ]
    checks = plot.Line("GET /profile", [(row["people"], row["checks/s"]) for row in rows])
    return {
        "growth.svg": plot.lines(ALT["growth.svg"], "Flat is best. SQLite, one worker", [checks]),
        "cost.svg": plot.lines(ALT["cost.svg"], "Milliseconds; flat is best. SQLite", costs),
    }


def _throughput(run: Run) -> Iterator[plot.Bar]:
    for name, title in CHECKS.items():
        # Bare WSGI would leave no room to tell the others apart.
        if name in run["rows"] and name not in ("bare", "hello-wsgi"):
            rate = run["rows"][name]["rps"]
            yield plot.Bar(title, rate, said(rate), title.startswith("Vestibule"))


def _latency(run: Run) -> Iterator[plot.Bar]:
    for name, title in STORMS.items():
        if name in run["rows"]:
            late = run["rows"][name]["p99_ms"]
            yield plot.Bar(title, late, f"{said(late)} ms", title.startswith("Vestibule"))


def main() -> None:
    """Make the page once more from what is kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=main.__doc__)
    parser.add_argument("--growth", type=Path, help="what `python -m bench.growth --json` printed")
    parser.add_argument("--minutes", type=Path, help="what `python -m bench.memory --json` printed")
    parser.add_argument("--acts", type=Path, help="what `python -m bench.acts --json` printed")
    given = vars(parser.parse_args())
    new = {name: json.loads(file.read_text("utf-8")) for name, file in given.items() if file}
    write(stored() | new)


if __name__ == "__main__":
    main()
