"""Devices, their readings and broker accounts, and messages that could not be stored."""

import sqlalchemy as sa
from alembic import op

from lab_controller.database.columns import BigInt

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("latest", sa.JSON(), nullable=False),
        sa.Column("blocked", sa.JSON(), nullable=False),
        sa.Column("fit", sa.JSON(), nullable=True),
        sa.Column("first_seen_us", BigInt, nullable=False),
        sa.Column("last_seen_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    op.create_index("ix_devices_agent", "devices", ["agent"])
    op.create_index("ix_devices_state", "devices", ["state"])
    op.create_table(
        "series",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("offset_us", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("device", "key", name="uq_series_device_key"),
    )
    op.create_table(
        "readings",
        sa.Column("series_id", BigInt, nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_readings_series_id_series", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "at_us", name="pk_readings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_at_us", "dead_letters", ["at_us"])
    op.create_table(
        "broker_accounts",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("mosquitto_hash", sa.String(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_broker_accounts"),
    )


def downgrade() -> None:
    for table in ("broker_accounts", "dead_letters", "readings", "series", "devices"):
        op.drop_table(table)
