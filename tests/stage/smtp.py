"""A real mail server (aiosmtpd) that does what a test tells it: with TLS, a login, or trouble."""

# ruff: noqa: ARG002, N802 - the names and arguments are aiosmtpd's.

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.stage.secrecy import remember
from tests.stage.visits import LINK

USER, SECRET = "mailer@example.com", "marzipan/for:the@post ö"
URL_USER, URL_SECRET = "mailer%40example.com", "marzipan%2Ffor%3Athe%40post%20%C3%B6"
SENDER = "Example accounts <accounts@example.com>"


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate for ``name`` that vouches for itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.2"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    shown, hidden = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(made.public_bytes(Encoding.PEM))
    hidden.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return shown, hidden


class AnyPort(Controller):
    """Listens on a port that was free."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailServer:
    """A mail server on a free port of this machine. ``trouble`` is what it does wrong, in turn.

    Each word of trouble is for one mail: a reply to RCPT or to DATA (``"recipient 450 later"``,
    ``"content 554 no"``), ``"drop"`` before it is taken, ``"deaf"`` for taken but not answered.
    """

    def __init__(self, folder: Path, *, tls: str = "never", login: bool = False) -> None:
        self.certificate, key = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.tls, self.login = tls, login
        self.taken: list[Envelope] = []
        self.trouble: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.conversations = 0
        options: dict[str, Any] = {"ssl_context": context} if tls == "always" else {}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        self._controller = AnyPort(
            self,
            hostname="127.0.0.1",
            port=0,
            enable_SMTPUTF8=True,
            authenticator=self._check if login else None,
            auth_require_tls=tls == "starttls",
            **options,
        )

    def start(self) -> MailServer:
        """Begin to listen."""
        self._controller.start()
        self.port = self._controller.port
        return self

    def stop(self) -> None:
        """Go away."""
        with suppress(AssertionError):  # It is gone already.
            self._controller.stop()

    def url(
        self, *, host: str = "localhost", user: str = URL_USER, secret: str = URL_SECRET
    ) -> str:
        """What ``VESTIBULE_SMTP_URL`` is set to, to send mail here."""
        who = f"{user}:{secret}@" if self.login else ""
        scheme = "smtps" if self.tls == "always" else "smtp"
        query = "?starttls=required" if self.tls == "starttls" else ""
        return f"{scheme}://{who}{host}:{self.port}{query}"

    def settings(self, **others: Any) -> dict[str, Any]:
        """What the service needs to know to send mail here."""
        own = {"smtp_url": self.url(), "smtp_ca": self.certificate, "mail_from": SENDER}
        return {**own, "smtp_timeout": timedelta(seconds=5), **others}

    def mails(self) -> list[EmailMessage]:
        """The mails that were taken, oldest first."""
        contents = (envelope.content for envelope in self.taken)
        return [parsed(content) for content in contents if isinstance(content, bytes)]

    def tokens(self) -> list[str]:
        """The tokens in the mails that were taken, oldest first."""
        return [remember(LINK.findall(text(mail))[-1]) for mail in self.mails()]

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count the conversations."""
        session.host_name = hostname
        self.conversations += 1
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse strangers."""
        if self.login and not session.authenticated:
            return "530 5.7.0 log in first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or make trouble."""
        if self.trouble and self.trouble[0].startswith("recipient "):
            return self.trouble.pop(0).removeprefix("recipient ")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        """Take the content, or make trouble."""
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble.startswith("content "):
            return trouble.removeprefix("content ").replace("LINK", _link(envelope))
        if trouble != "drop":
            self.taken.append(envelope)
        if trouble in ("drop", "deaf"):
            server.transport.abort()
            await asyncio.sleep(0)
        return f"250 2.0.0 queued as {len(self.taken)}"

    def _check(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((mechanism, data.login.decode()))
        good = (data.login, data.password) == (USER.encode(), SECRET.encode())
        return AuthResult(success=good, handled=good)


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def at(port: int, timeout: float = 0.3) -> dict[str, Any]:
    """Settings for a mail server at this port of the machine."""
    return {
        "smtp_url": f"smtp://localhost:{port}",
        "mail_from": SENDER,
        "smtp_timeout": timedelta(seconds=timeout),
    }


def parsed(content: bytes) -> EmailMessage:
    """The mail in these bytes."""
    return message_from_bytes(content, policy=policy.default)


def text(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail, or its HTML."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _link(envelope: Envelope) -> str:
    content = envelope.content
    assert isinstance(content, bytes)
    return next(word for word in text(parsed(content)).split() if "token=" in word)
