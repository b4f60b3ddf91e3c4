"""Where mail goes for want of a mail server: a folder of ``.eml`` files."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar

from vestibule.config import Settings


@dataclass(frozen=True)
class MailFolder:
    """A folder whose files are its owner's alone: they hold the links themselves."""

    path: Path
    # Not quoted-printable: who opens the file must be able to copy the link.
    encoding: ClassVar[str] = "8bit"

    @classmethod
    def of(cls, settings: Settings) -> MailFolder:
        """The folder of the service that ``settings`` describe."""
        return cls(settings.data / "mail")

    def connect(self) -> MailFolder:
        """The folder itself, which is always there to take a mail."""
        return self

    def put(self, name: str, mail: EmailMessage) -> str:
        """Write the mail, and return its name; it is there as a whole, or not at all."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.path / f".{name}"
        partial.touch(mode=0o600)
        # Folding would cut a long address in two.
        partial.write_bytes(mail.as_bytes(policy=mail.policy.clone(max_line_length=None)))
        # Renamed when complete: nobody ever reads half a mail.
        partial.rename(self.path / name)
        return name

    def read(self, name: str) -> bytes | None:
        """The mail of this name, or ``None``."""
        file = self.path / name
        return file.read_bytes() if file.suffix == ".eml" and file.exists() else None

    def close(self) -> None:
        """Nothing: each mail is whole when it is put."""
