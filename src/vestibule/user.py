"""What is stored about a person: the user, and what the user owns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A moment, stored as microseconds since 1970 in UTC: one integer on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> int | None:
        """Microseconds since 1970; a moment without a time zone is a bug and is refused."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, _: Dialect) -> datetime | None:
        """The moment, in UTC."""
        return None if value is None else moment(value)


def micros(value: datetime) -> int:
    """Microseconds since 1970 of an aware ``value``."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return round(value.timestamp() * 1_000_000)


def moment(value: int) -> datetime:
    """The moment, in UTC, of ``value`` microseconds since 1970."""
    return datetime.fromtimestamp(value / 1_000_000, UTC)


class Row(DeclarativeBase):
    """Whatever has a table. Constraints have names, so that a migration can speak of them."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant,
        # SQLite numbers rows by itself only in a column declared INTEGER.
        int: BigInteger().with_variant(Integer, "sqlite"),
    }


class User(Row):
    """An account: one address, one password hash."""

    __tablename__ = "users"
    # A number is never given twice: what is still known of who left must not be found under it.
    __table_args__ = (
        # Of the few whose factors end: nobody else is in it. So it is on PostgreSQL, by its
        # migration; to say that here would load its dialect, megabytes, into every worker.
        Index(
            "ix_users_factors_end_at",
            "factors_end_at",
            sqlite_where=text("factors_end_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(250))
    # The address as it is compared: variants of case and width are one account, never two.
    email_key: Mapped[str] = mapped_column(String(1000), unique=True)
    hashed_password: Mapped[str] = mapped_column(String(250))
    created_at: Mapped[datetime]
    # What the audit trail calls this person: when the account goes, nothing leads back from it.
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    # When somebody showed to read the mail of this address; never: ``None``.
    verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    # An account that waits for somebody to verify its address goes at this moment.
    pending_until: Mapped[datetime | None] = mapped_column(index=True)
    # What a login owes besides the password, as the tables of the factors say: nothing, or one or
    # both of "otp" and "passkey".
    # A copy, so that who has none is let in without a look at them; ``Factors`` alone writes it.
    factors: Mapped[str] = mapped_column(String(20), server_default=text("''"))
    # A mark that operators give from a shell: by policy, these alone may have to have a factor.
    administrator: Mapped[bool] = mapped_column(server_default=false())
    # When an operator's way back takes the factors away, if one is under way.
    factors_end_at: Mapped[datetime | None]

    @property
    def pending(self) -> bool:
        """Whether the account waits for somebody to verify its address, and may go to another."""
        return self.pending_until is not None and self.disabled_at is None


def number_of(digest: str) -> int:
    """The number of the session with this digest: its first 64 bits, as a signed integer."""
    return int.from_bytes(bytes.fromhex(digest[:16]), "big", signed=True)


class Session(Row):
    """A login on one device. The id that the cookie carries is not here, only its digest.

    Its number is the beginning of the digest: who has the id goes to the row itself, by way of no
    index (docs/decisions/0023).
    """

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user_agent: Mapped[str | None] = mapped_column(String(250))
    address: Mapped[str | None] = mapped_column(String(45))
    # What was proved, in words of RFC 8176 and in their order; from before there were any: a
    # password. And when it was proved last: if not since, when the session was opened.
    amr: Mapped[str | None] = mapped_column(String(40))
    proved_at: Mapped[datetime | None]


class Login(Row):
    """A login that is half done: the password was right, and more is owed. No session."""

    __tablename__ = "logins"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # A digest of the password's hash: with another password, it is over.
    bound: Mapped[str] = mapped_column(String(64))
    # What it owes: a factor that is shown, or one that is added first.
    owes: Mapped[str] = mapped_column(String(10))


class Totp(Row):
    """The secret that somebody's authenticator makes one-time codes of."""

    __tablename__ = "totp"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # By the service's keys: without them the table makes no code.
    sealed: Mapped[str] = mapped_column(String(250))
    # The newest step whose code was accepted (RFC 6238 section 5.2).
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class RecoveryCode(Row):
    """A code that stands in for a lost factor, once; only its digest."""

    __tablename__ = "recovery_codes"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class Passkey(Row):
    """A key pair on somebody's device or in their password manager; only the public half is here.

    What it is called by authenticators can be long, so its digest names the row.
    """

    __tablename__ = "passkeys"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # What authenticators call it: up to 1,023 bytes (WebAuthn section 4), in base64url.
    credential: Mapped[str] = mapped_column(String(1400))
    # A COSE key (RFC 9052), in base64url.
    public_key: Mapped[str] = mapped_column(String(2000))
    # How often it was used, where the authenticator counts; a copy of it would fall behind.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    # By which ways a browser reaches it, with spaces between them.
    transports: Mapped[str] = mapped_column(String(100))
    backed_up: Mapped[bool]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Challenge(Row):
    """A challenge that was answered, and is never to be answered again; only its digest."""

    __tablename__ = "challenges"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Token(Row):
    """A single-use token; ``purpose`` says what it opens. A new one replaces the old."""

    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("user_id", "purpose"),)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The other address that this is about: the one to change to, or to go back to.
    address: Mapped[str | None] = mapped_column(String(250))
    # The same as it is compared.
    address_key: Mapped[str | None] = mapped_column(String(1000), index=True)
