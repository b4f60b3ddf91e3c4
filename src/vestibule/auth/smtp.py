"""Mail to a mail server (RFC 5321): encrypted, within a time limit, and in words when it fails."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from smtplib import SMTP, SMTPDataError
from threading import Timer
from typing import ClassVar

from vestibule.auth.addresses import wire_form
from vestibule.auth.errors import NotSent
from vestibule.config.mail_server import MailServer

# For one mail, whatever the server does; the outbox's lease is longer.
WHOLE_SECONDS = 90.0
QUIT_SECONDS = 2.0
# Never folded: Python would cut a long address, and 998 is what a line may have (RFC 5322).
LONGEST_LINE = 998
# What the server says about the content may quote the link, and so the token in it.
TOKEN = re.compile(r"\S*[0-9a-f]{8}-[0-9a-f]{4}\S*", re.IGNORECASE)
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")
Reply = tuple[int, bytes]


@dataclass(frozen=True)
class Smtp:
    """The way to the operator's mail server."""

    server: MailServer
    # The address alone. Its domain is the name that the server is greeted with.
    sender: str
    # For each answer of the server, in seconds.
    timeout: float
    # Certificates in place of the system's.
    ca: Path | None = None
    encoding: ClassVar[str] = "quoted-printable"

    def connect(self) -> Conversation:
        """A conversation that is ready for a mail.

        :raises NotSent: the server is not there, is not who it should be, or does not let us in.
        """
        conversation = Conversation(self)
        try:
            conversation.begin()
        except BaseException:
            conversation.close()
            raise
        return conversation


class Conversation:
    """A connection to the mail server, for one mail. It ends after 90 seconds, come what may."""

    def __init__(self, way: Smtp) -> None:
        self._way = way
        self._smtp = SMTP(local_hostname=way.sender.rpartition("@")[2], timeout=way.timeout)
        self._ends = time.monotonic() + WHOLE_SECONDS
        # A server that sends a byte now and then would never run into a socket's timeout.
        self._watch = Timer(WHOLE_SECONDS, self._hang_up)
        self._watch.daemon = True
        self._watch.start()

    def begin(self) -> None:
        """Connect, encrypt, and log in, as the settings say.

        :raises NotSent: with the step that failed.
        """
        server = self._way.server
        with self._step("connect"):
            plain = socket.create_connection((server.host, server.port), self._way.timeout)
            self._smtp.sock = plain
            if server.tls == "always":
                self._encrypt(plain)
            self._expect("connect", self._smtp.getreply())
        with self._step("greet"):
            self._expect("greet", self._smtp.ehlo())
        if server.tls == "starttls":
            if not self._smtp.has_extn("starttls"):
                raise NotSent("starttls: the server does not offer it")
            with self._step("starttls"):
                self._expect("starttls", self._smtp.docmd("STARTTLS"))
                self._encrypt(plain)
                self._expect("starttls", self._smtp.ehlo())
        if server.user:
            with self._step("login"):
                self._expect("login", self._log_in(server), quote=False)

    def put(self, _: str, mail: EmailMessage) -> str:
        """Hand the mail over, and return what the server answered.

        :raises NotSent: with the step that failed; for good, if the server refused the recipient
            or the content for good.
        """
        recipient = wire_form(mail["To"].addresses[0].addr_spec)
        wide = not recipient.isascii()
        if wide and not self._smtp.has_extn("smtputf8"):
            raise NotSent("recipient: the server takes no letters beyond ASCII there", final=True)
        options = ("SMTPUTF8",) if wide else ()
        with self._step("sender"):
            self._expect("sender", self._smtp.mail(self._way.sender, options))
        with self._step("recipient"):
            self._expect("recipient", self._smtp.rcpt(recipient), final=True)
        with self._step("content"):
            answer = self._send(_as_bytes(mail, recipient, wide))
            return self._expect("content", answer, final=True)

    def close(self) -> None:
        """End the conversation; whatever goes wrong with that matters to nobody."""
        with suppress(OSError):
            if self._smtp.sock:
                self._smtp.sock.settimeout(QUIT_SECONDS)
                self._smtp.quit()
        with suppress(OSError):
            self._smtp.close()
        self._watch.cancel()

    def _encrypt(self, plain: socket.socket) -> None:
        context = ssl.create_default_context(cafile=self._way.ca)
        # What the server said in the clear counts no more: it may be somebody else's.
        self._smtp.file, self._smtp.esmtp_features, self._smtp.ehlo_resp = None, {}, None
        # The handshake comes later, when the watch can end it.
        wrapped = context.wrap_socket(
            plain, server_hostname=self._way.server.host, do_handshake_on_connect=False
        )
        self._smtp.sock = wrapped
        wrapped.do_handshake()

    def _log_in(self, server: MailServer) -> Reply:
        offered = self._smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            both = _coded(f"\0{server.user}\0{server.password}")
            return self._smtp.docmd("AUTH", f"PLAIN {both}")
        if "LOGIN" not in offered:
            raise NotSent("login: the server offers neither PLAIN nor LOGIN")
        reply = self._smtp.docmd("AUTH", f"LOGIN {_coded(server.user)}")
        return self._smtp.docmd(_coded(server.password)) if reply[0] == 334 else reply

    def _send(self, content: bytes) -> Reply:
        left = self._ends - time.monotonic()
        if left <= 0 or not self._smtp.sock:
            raise TimeoutError
        # What was accepted and not heard is sent twice: wait as long as there is time.
        self._smtp.sock.settimeout(left)
        try:
            return self._smtp.data(content)
        except SMTPDataError as error:
            text = error.smtp_error
            return error.smtp_code, text.encode() if isinstance(text, str) else text

    def _hang_up(self) -> None:
        with suppress(OSError):
            if self._smtp.sock:
                # Of the connection, not of TLS: the other thread is in the middle of that.
                socket.socket.shutdown(self._smtp.sock, socket.SHUT_RDWR)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            name, reason = "certificate", error.verify_message
            self._smtp.close()
        except OSError as error:
            reason = self._reason(error)
            self._smtp.close()
        else:
            return
        # Without the error itself, which may quote what was said.
        raise NotSent(f"{name}: {reason}")

    def _reason(self, error: OSError) -> str:
        if time.monotonic() >= self._ends:
            return f"it took longer than {WHOLE_SECONDS:g} seconds"
        # The library says that the server went where it was we who waited no longer.
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return f"no answer within {self._way.timeout:g} seconds"
        if isinstance(error, ssl.SSLError):
            return f"no encryption: {(error.reason or 'broken off').lower().replace('_', ' ')}"
        return error.strerror or "the server hung up"

    def _expect(self, step: str, reply: Reply, *, final: bool = False, quote: bool = True) -> str:
        """What the server said, if it agrees.

        :param final: whether a refusal for good is one that no operator can mend.
        :param quote: whether its words may be repeated; after a password they may not.
        """
        code, words = reply
        said = f"{code} {_readable(words, quote=quote)}".rstrip()
        if code < 0:
            raise NotSent(f"{step}: what answers there is no mail server")
        if code // 100 != 2:
            raise NotSent(f"{step}: {said}", final=final and code // 100 == 5)
        return said


def _as_bytes(mail: EmailMessage, recipient: str, wide: bool) -> bytes:
    local, _, domain = recipient.rpartition("@")
    mail.replace_header("To", Address("", local, domain))
    return mail.as_bytes(policy=POLICY.clone(utf8=wide, max_line_length=LONGEST_LINE))


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _readable(words: bytes, *, quote: bool) -> str:
    """The server's words on one line, in printable characters, without the token of a mail."""
    line = " ".join(words.decode("ascii", "replace").split())
    if not quote:
        found = ENHANCED.match(line)
        return found.group() if found else ""
    plain = "".join(character if " " <= character <= "~" else "?" for character in line)
    return TOKEN.sub("...", plain)[:200]
