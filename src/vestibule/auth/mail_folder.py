"""Where mail goes for want of a mail server: a folder of ``.eml`` files."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class MailFolder:
    """A folder whose files are its owner's alone: they hold the links themselves."""

    path: Path

    def put(self, name: str, mail: EmailMessage) -> None:
        """Write the mail; it is there as a whole, or not at all."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.path / f".{name}"
        partial.touch(mode=0o600)
        partial.write_bytes(bytes(mail))
        # Renamed when complete: nobody ever reads half a mail.
        partial.rename(self.path / name)

    def read(self, name: str) -> bytes | None:
        """The mail of this name, or ``None``."""
        file = self.path / name
        return file.read_bytes() if file.suffix == ".eml" and file.exists() else None
