"""Where a session was opened: the browser's name for itself, and the address it came from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a person needs to tell one session from another."""
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("user_agent", sa.String(250), nullable=True))
        table.add_column(sa.Column("address", sa.String(45), nullable=True))


def downgrade() -> None:
    """Forget it again."""
    with op.batch_alter_table("sessions") as table:
        table.drop_column("address")
        table.drop_column("user_agent")
