"""Grades an implementation of the contract, from a URL or from a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from vestibule.lab.course import Course
from vestibule.lab.folder import Folder
from vestibule.lab.folder_run import FolderRun
from vestibule.lab.report import Report, Unusable
from vestibule.lab.url_run import UrlRun

SECONDS = 10.0


def grade(
    target: str,
    *,
    python: str | None = None,
    seconds: float = SECONDS,
    beyond: Iterable[str] | None = None,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _name: None,
) -> Report:
    """Return the verdict on the implementation at a URL or in a folder.

    ``python`` is the interpreter that a folder is run with, this one by default. ``seconds`` is
    the time limit of each check. ``beyond`` names the checks beyond the exercise to make, all of
    them by default. ``progress`` is told the number done, the number of all, and the next's name.

    :raises Unusable: there is nothing to grade.
    """
    course = Course(seconds, beyond, progress)
    if target.lower().startswith(("http://", "https://")):
        return UrlRun(target, course).report()
    if not Path(target).is_dir():
        raise Unusable(f"{target} is neither a folder nor an http:// or https:// URL")
    with Folder(Path(target), python or sys.executable) as folder:
        return FolderRun(folder, course).report(target)
