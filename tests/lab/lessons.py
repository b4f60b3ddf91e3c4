"""The lesson, as it is and with mistakes patched into it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

LESSON = Path(__file__).parents[2] / "0x03-user_authentication_service"


@dataclass(frozen=True)
class Edit:
    """A text of one file that is found exactly once, and what takes its place."""

    file: str
    find: str
    replace: str

    def apply(self, folder: Path) -> None:
        """Edit the file, which keeps its mode."""
        path = folder / self.file
        source = path.read_text()
        assert source.count(self.find) == 1, f"{self.file}: {self.find!r} is not there once"
        path.write_text(source.replace(self.find, self.replace))


@dataclass(frozen=True)
class Mutant:
    """The lesson with one realistic mistake, and the number or key that it must fail."""

    fails: int | str
    name: str
    edits: tuple[Edit, ...]


def mutant(fails: int | str, name: str, file: str, *texts: str) -> Mutant:
    """Return a mutant that is made by edits of one file: find, replace, find, replace, ..."""
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return Mutant(fails, name, tuple(Edit(file, find, replace) for find, replace in pairs))


def lesson_copy(folder: Path, *edits: Edit) -> Path:
    """Return a copy of the lesson's five files in ``folder``, edited."""
    target = folder / "lesson"
    target.mkdir()
    for name in ("user.py", "db.py", "auth.py", "app.py", "main.py"):
        shutil.copy(LESSON / name, target / name)
    for edit in edits:
        edit.apply(target)
    return target
