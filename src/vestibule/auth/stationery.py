"""What mail looks like: a text and an HTML part, from templates that know the same few words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

TEMPLATES = Environment(
    loader=PackageLoader("vestibule.auth", "mails"),
    # In plain text there is nothing to escape, but a line break in a value would be a new line.
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Words:
    """What a template can say; each is empty where it has no meaning."""

    email: str
    # The other address that the mail speaks of.
    about: str
    token: str
    minutes: int


@dataclass(frozen=True)
class Stationery:
    """Writes mails that come from here."""

    origin: str

    def write(self, template: str, words: Words, now: datetime) -> EmailMessage:
        """The mail that the two templates of this name make of ``words``."""
        text = self._render(f"{template}.txt", words)
        subject, _, body = text.partition("\n\n")
        mail = EmailMessage()
        mail["Subject"] = subject.removeprefix("Subject: ")
        mail["From"] = "Vestibule <vestibule@localhost>"
        mail["To"] = words.email
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = make_msgid(domain="localhost")
        # As it is, not quoted-printable: who opens the file must be able to copy the link.
        mail.set_content(body, cte="8bit")
        return mail

    def _render(self, file: str, words: Words) -> str:
        return TEMPLATES.get_template(file).render(vars(words), origin=self.origin)
