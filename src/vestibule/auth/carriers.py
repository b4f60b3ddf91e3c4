"""Who takes the mail: the operator's mail server, or a folder for want of one."""

from __future__ import annotations

import ssl
from contextlib import closing
from email.message import EmailMessage
from email.utils import parseaddr
from typing import ClassVar, Protocol

from vestibule.auth.addresses import require_well_formed
from vestibule.auth.mail_folder import MailFolder
from vestibule.auth.stationery import Words, stationery
from vestibule.config import PREFIX, BadSetting, Settings, clock


class Post(Protocol):
    """Somebody who is there to take a mail."""

    def put(self, name: str, mail: EmailMessage) -> str:
        """Hand the mail over, under this name where mails have names, and tell what became of it.

        :raises NotSent: it was not taken.
        """

    def close(self) -> None:
        """Say goodbye."""


class Carrier(Protocol):
    """A way for mail to go."""

    # Of the text in a mail, as ``Content-Transfer-Encoding`` says it.
    encoding: ClassVar[str]

    def connect(self) -> Post:
        """Who takes a mail now.

        :raises NotSent: nobody does.
        """


def carrier(settings: Settings) -> Carrier:
    """The way that mail goes by these settings."""
    server = settings.mail_server
    if server is None:
        return MailFolder.of(settings)
    from vestibule.auth.smtp import Smtp  # noqa: PLC0415 - memory, only where mail is sent.

    timeout = settings.smtp_timeout.total_seconds()
    return Smtp(server, parseaddr(settings.sender)[1], timeout, settings.smtp_ca)


def require_usable(settings: Settings) -> None:
    """Accept settings of mail that will do: templates that can be used, certificates too.

    :raises BadSetting: naming what will not.
    """
    if settings.mail_templates:
        stationery(settings).require_usable(settings.mail_templates)
    if settings.smtp_ca:
        try:
            ssl.create_default_context(cafile=settings.smtp_ca)
        except OSError:
            raise BadSetting(
                f"smtp_ca ({PREFIX}SMTP_CA): no certificates in {settings.smtp_ca} (PEM)."
            ) from None


def send_test(settings: Settings, email: str) -> str:
    """Send a mail to ``email`` now, and return what the mail server answered.

    :raises BadAddress: mail could not go there.
    :raises BadSetting: the templates cannot be used.
    :raises NotSent: it was not taken.
    """
    require_well_formed(email)
    require_usable(settings)
    way, now = carrier(settings), clock()
    words = Words(email=email, about="", token="", minutes=0)
    mail = stationery(settings).write(
        "test", words, now, cause=f"test {now}", encoding=way.encoding
    )
    with closing(way.connect()) as post:
        return post.put("test.eml", mail)
