"""Second factors, logins that still owe one, and what a session proved."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column declared INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()


def upgrade() -> None:
    """Add what second factors need. No table is rebuilt and no row written, however many."""
    factors = sa.Column("factors", sa.String(20), nullable=False, server_default=sa.text("''"))
    op.add_column("users", factors)
    mark = sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("users", mark)
    op.add_column("users", sa.Column("factors_end_at", MOMENT, nullable=True))
    some = sa.text("factors_end_at IS NOT NULL")
    name, columns = "ix_users_factors_end_at", ["factors_end_at"]
    op.create_index(name, "users", columns, sqlite_where=some, postgresql_where=some)
    op.add_column("sessions", sa.Column("amr", sa.String(40), nullable=True))
    op.add_column("sessions", sa.Column("proved_at", MOMENT, nullable=True))
    op.create_table(
        "logins",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("bound", sa.String(64), nullable=False),
        sa.Column("owes", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_logins"),
        _owner("logins"),
    )
    op.create_index("ix_logins_user_id", "logins", ["user_id"])
    op.create_index("ix_logins_expires_at", "logins", ["expires_at"])
    op.create_table(
        "totp",
        sa.Column("user_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("sealed", sa.String(250), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_totp"),
        _owner("totp"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
        _owner("recovery_codes"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    _add_passkeys()


def downgrade() -> None:
    """Forget them again."""
    for table in ("challenges", "passkeys", "recovery_codes", "totp", "logins"):
        op.drop_table(table)
    op.drop_column("sessions", "proved_at")
    op.drop_column("sessions", "amr")
    op.drop_index("ix_users_factors_end_at", "users")
    op.drop_column("users", "factors_end_at")
    op.drop_column("users", "administrator")
    op.drop_column("users", "factors")


def _add_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("credential", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.String(2000), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("transports", sa.String(100), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_passkeys"),
        _owner("passkeys"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "challenges",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_challenges"),
    )
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"])


def _owner(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id"
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
