"""Verified and disabled accounts, tokens about an address, mail about somebody, the audit trail."""

import sqlalchemy as sa
from alembic import op
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column declared INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()
DAY = 24 * 60 * 60 * 1_000_000


# 128 random bits, made where the rows are: a journey for each would take an hour of ten million.
NEW_PSEUDONYM = {
    "sqlite": sa.text("lower(hex(randomblob(16)))"),
    "postgresql": sa.text("replace(gen_random_uuid()::text, '-', '')"),
}
INDEXED = ("user_id", "last_seen_at", "expires_at")
# Rows that are held in memory at the same time, of however many there are.
BATCH = 10_000
USERS = sa.table("users", *map(sa.column, ("id", "email", "email_key", "pseudonym")))
SESSIONS = sa.table("sessions", sa.column("id", NUMBER), sa.column("digest"))


def give_pseudonyms(connection: sa.Connection) -> None:
    """Give one to everybody who is there."""
    made = NEW_PSEUDONYM[connection.dialect.name]
    connection.execute(USERS.update().values(pseudonym=made))


def rekey(connection: sa.Connection) -> None:
    """Compare addresses by what their domains are on the wire, where nobody has that already."""
    everybody = sa.select(USERS.c.id, USERS.c.email, USERS.c.email_key)
    found = connection.execute(everybody.execution_options(yield_per=BATCH))
    others = [(user_id, rekeyed(email, key)) for user_id, email, key in found if not plain(email)]
    for user_id, key in others:
        # The exercise's profile took any text for an address, and some may have the key by chance.
        if not connection.scalar(sa.select(USERS.c.id).where(USERS.c.email_key == key)):
            connection.execute(USERS.update().where(USERS.c.id == user_id).values(email_key=key))


def plain(email: str) -> bool:
    """Whether all of it is on the wire as it is written: then its key was no other before."""
    return email.isascii() and "xn--" not in email.lower()


def rekeyed(email: str, key: str) -> str:
    """What ``email`` is compared by from now on: its domain is no longer folded, but punycode."""
    # Names of an intranet are addresses here.
    SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        found = validate_email(email, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return key
    return f"{key.rpartition('@')[0]}@{found.ascii_domain}"


def number_sessions(connection: sa.Connection) -> None:
    """Number sessions by their digests."""
    this = SESSIONS.update().where(SESSIONS.c.digest == sa.bindparam("known"))
    digests = sa.select(SESSIONS.c.digest).order_by(SESSIONS.c.digest).limit(BATCH)
    after = ""
    # In their order, so that those that come after each other are written beside each other.
    while found := connection.scalars(digests.where(SESSIONS.c.digest > after)).all():
        connection.execute(this, [{"known": each, "id": number(each)} for each in found])
        after = found[-1]


def number(digest: str) -> int:
    """The number of the session with this digest from now on: its first 64 bits, signed."""
    return int.from_bytes(bytes.fromhex(digest[:16]), "big", signed=True)


def upgrade() -> None:
    """Add what strict accounts need; those that are there get a pseudonym each."""
    op.add_column("users", sa.Column("pseudonym", sa.String(32), nullable=True))
    connection = op.get_bind()
    give_pseudonyms(connection)
    rekey(connection)
    # From now on no number is given twice.
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("pseudonym", existing_type=sa.String(32), nullable=False)
        table.create_unique_constraint("uq_users_pseudonym", ["pseudonym"])
        table.add_column(sa.Column("verified_at", MOMENT, nullable=True))
        table.add_column(sa.Column("disabled_at", MOMENT, nullable=True))
        table.add_column(sa.Column("pending_until", MOMENT, nullable=True))
    op.create_index("ix_users_pending_until", "users", ["pending_until"])
    # Each would have to follow every session to its number.
    for column in INDEXED:
        op.drop_index(f"ix_sessions_{column}", "sessions")
    number_sessions(connection)
    with op.batch_alter_table("sessions") as table:
        table.drop_constraint("uq_sessions_digest", type_="unique")
    for column in INDEXED:
        op.create_index(f"ix_sessions_{column}", "sessions", [column])
    op.add_column("tokens", sa.Column("address", sa.String(250), nullable=True))
    op.add_column("outbox", sa.Column("expires_at", MOMENT, nullable=True))
    op.add_column("outbox", sa.Column("dead", sa.Boolean(), nullable=True))
    names = ("created_at", "expires_at", "dead")
    outbox = sa.table("outbox", *map(sa.column, names))
    limit = outbox.c.created_at + DAY
    connection.execute(outbox.update().values(expires_at=limit, dead=sa.false()))
    op.add_column("tokens", sa.Column("address_key", sa.String(1000), nullable=True))
    op.create_index("ix_tokens_address_key", "tokens", ["address_key"])
    with op.batch_alter_table("outbox") as table:
        table.alter_column("expires_at", existing_type=MOMENT, nullable=False)
        table.alter_column("dead", existing_type=sa.Boolean(), nullable=False)
        table.add_column(sa.Column("user_id", NUMBER, nullable=True))
        table.add_column(sa.Column("about", sa.String(250), nullable=True))
        table.create_foreign_key(
            "fk_outbox_user_id", "users", ["user_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_outbox_user_id", "outbox", ["user_id"])
    op.create_index("ix_outbox_recipient", "outbox", ["recipient"])
    op.create_table(
        "audit_events",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("user", sa.String(32), nullable=True),
        sa.Column("session", sa.String(16), nullable=True),
        sa.Column("origin", sa.String(45), nullable=True),
        sa.Column("request_id", sa.String(16), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_user", "audit_events", ["user"])
    op.create_table(
        "audit_marks",
        sa.Column("mark", sa.String(8), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_audit_marks"),
    )


def downgrade() -> None:
    """Forget it again."""
    op.drop_table("audit_marks")
    op.drop_table("audit_events")
    op.drop_index("ix_outbox_recipient", "outbox")
    op.drop_index("ix_outbox_user_id", "outbox")
    with op.batch_alter_table("outbox") as table:
        table.drop_constraint("fk_outbox_user_id", type_="foreignkey")
        table.drop_column("about")
        table.drop_column("user_id")
        table.drop_column("dead")
        table.drop_column("expires_at")
    op.drop_index("ix_tokens_address_key", "tokens")
    op.drop_column("tokens", "address_key")
    op.drop_column("tokens", "address")
    with op.batch_alter_table("sessions") as table:
        table.create_unique_constraint("uq_sessions_digest", ["digest"])
    op.drop_index("ix_users_pending_until", "users")
    with op.batch_alter_table("users") as table:
        table.drop_column("pending_until")
        table.drop_column("disabled_at")
        table.drop_column("verified_at")
        table.drop_constraint("uq_users_pseudonym", type_="unique")
        table.drop_column("pseudonym")
