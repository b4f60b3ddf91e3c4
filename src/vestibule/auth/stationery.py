"""What mail looks like: a text and an HTML part, from templates that know the same few words.

An operator may put templates of the same names into a folder. They are tried when the service
starts; one that is broken later is passed over for the one that comes with the service.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateSyntaxError,
    select_autoescape,
)

from vestibule.auth.errors import NotSent
from vestibule.config import PREFIX, BadSetting, Settings
from vestibule.config.colours import ACCENT, text_on

log = logging.getLogger(__name__)

OURS = PackageLoader("vestibule.auth", "mails")
LAYOUT = "layout.html"
# RFC 3834: nobody's absence is answered to a machine.
AUTOMATIC = "auto-generated"
# RFC 2045, 6.7; Python would take the 78 of other lines.
QUOTED_PRINTABLE_LINE = 76


@dataclass(frozen=True)
class Words:
    """What a template can say; each is empty where it has no meaning."""

    email: str
    # The other address that the mail speaks of.
    about: str
    token: str
    minutes: int


EXAMPLE = Words("alice@example.com", "alice@example.net", "0ddba11-token", 30)


def stationery(settings: Settings) -> Stationery:
    """What mails are written on by these settings."""
    accent = settings.accents.light if settings.accents else ACCENT
    ours = theirs = _environment(OURS, accent)
    if settings.mail_templates:
        both = ChoiceLoader([FileSystemLoader(settings.mail_templates), OURS])
        theirs = _environment(both, accent)
    return Stationery(settings.origin, settings.sender, settings.called, theirs, ours)


@dataclass(frozen=True)
class Stationery:
    """Writes mails that come from here. The templates are the operator's, else our own."""

    origin: str
    sender: str
    # The service's name, where the sender has none.
    called: str
    _theirs: Environment
    _ours: Environment

    def write(
        self, template: str, words: Words, now: datetime, *, cause: str, encoding: str
    ) -> EmailMessage:
        """The mail that the two templates of this name make of ``words``.

        :param cause: what is the same for each try to send it, and for no other mail.
        :raises NotSent: a word has a line break, which could become a header or a line of its own.
        """
        for word in vars(words).values():
            _require_one_line(str(word))
        from email.headerregistry import Address  # noqa: PLC0415 - memory, until there is mail.

        subject, text, html = self._parts(template, words)
        mail = EmailMessage()
        mail.policy = mail.policy.clone(max_line_length=QUOTED_PRINTABLE_LINE)
        mail["Subject"] = subject
        mail["From"] = self.sender
        # In its two parts: as one text, a comma in it would make two recipients.
        local, _, domain = words.email.rpartition("@")
        mail["To"] = Address("", local, domain)
        mail["Date"] = format_datetime(now)
        # A try that says the same is the same mail, and a server that took both may drop one. One
        # with another token must not be taken for the first: that one's link is over.
        name = hashlib.sha256(f"{cause}\n{text}".encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{name}@{parseaddr(self.sender)[1].rpartition('@')[2]}>"
        mail["Auto-Submitted"] = AUTOMATIC
        mail.set_content(text, cte=encoding)
        mail.add_alternative(html, subtype="html", cte=encoding)
        return mail

    def require_usable(self, folder: Path) -> None:
        """Accept templates that can be rendered, and that say the token where ours do.

        :raises BadSetting: naming the file and what is wrong with it.
        """
        ours = set(self._ours.list_templates())
        try:
            names = {path.name for path in folder.iterdir() if path.suffix in (".txt", ".html")}
        except OSError as error:
            raise _unusable(f"cannot read {folder}: {error.strerror}") from error
        unknown = sorted(name for name in names - ours if not name.startswith("_"))
        if unknown:
            raise _unusable(
                f"{unknown[0]} in {folder} replaces nothing: mails are made of "
                f"{', '.join(sorted(ours))}; the name of a part of your own begins with _"
            )
        for name in sorted(ours - {LAYOUT}):
            if not name.startswith("_"):
                self._try(name)

    def _try(self, name: str) -> None:
        try:
            said = self._render(self._theirs, name, EXAMPLE)
            if name.endswith(".txt"):
                _split(said)
        except TemplateSyntaxError as error:
            raise _unusable(
                f"{error.name or name}, line {error.lineno}: {error.message}"
            ) from error
        except Exception as error:
            raise _unusable(f"{name}: {error or type(error).__name__}") from error
        if EXAMPLE.token in self._render(self._ours, name, EXAMPLE) and EXAMPLE.token not in said:
            raise _unusable(f"{name}: it does not say {{{{ token }}}}, so nobody could use it")

    def _parts(self, template: str, words: Words) -> tuple[str, str, str]:
        try:
            return self._rendered(self._theirs, template, words)
        except Exception:
            if self._theirs is self._ours:
                raise
            # A mail in our words is better than none until somebody reads the log.
            log.exception("mail.template_broken", extra={"template": template})
            return self._rendered(self._ours, template, words)

    def _rendered(self, source: Environment, template: str, words: Words) -> tuple[str, str, str]:
        subject, text = _split(self._render(source, f"{template}.txt", words))
        return subject, text, self._render(source, f"{template}.html", words)

    def _render(self, source: Environment, file: str, words: Words) -> str:
        service = parseaddr(self.sender)[0] or self.called
        return source.get_template(file).render(vars(words), origin=self.origin, service=service)


def _environment(loader: BaseLoader, accent: str) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.globals |= {"accent": accent, "on_accent": text_on(accent)}
    return environment


def _split(text: str) -> tuple[str, str]:
    """The subject and the text of a rendered ``.txt`` template."""
    head, blank, body = text.partition("\n\n")
    subject = head.removeprefix("Subject: ").strip()
    if not blank or "\n" in head or not subject or subject == head.strip():
        raise ValueError("it does not begin with a line `Subject: ...` and an empty line")
    return subject, body


def _require_one_line(word: str) -> None:
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in word):
        raise NotSent("an address has a line break or a control character", final=True)


def _unusable(reason: str) -> BadSetting:
    return BadSetting(f"mail_templates ({PREFIX}MAIL_TEMPLATES): {reason}.")
