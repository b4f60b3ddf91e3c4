"""Runs migrations on the connection that ``vestibule.migrations.upgrade`` hands over."""

from alembic import context

# The records stand on the users: importing them loads every table.
from vestibule import records

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=records.RateLimit.metadata,
    # SQLite changes a column by copying its table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
