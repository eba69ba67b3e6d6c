"""Programs and their jobs, consoles, readings by the minute, assets, tokens of programs."""

import sqlalchemy as sa
from alembic import op

from lab_controller.database.columns import BigInt

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programs"),
        sa.UniqueConstraint("sha256", "name", name="uq_programs_sha256_name"),
    )
    create_jobs()
    create_telemetry()
    op.create_table(
        "assets",
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("held_since_us", BigInt, nullable=True),
        sa.Column("paired_us", BigInt, nullable=False),
        sa.Column("paired_by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder"], ["accounts.id"], name="fk_assets_holder_accounts", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("tag", name="pk_assets"),
        sa.UniqueConstraint("device", name="uq_assets_device"),
    )
    op.create_index("ix_assets_holder", "assets", ["holder"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_us", BigInt, nullable=True),
        sa.Column("used_us", BigInt, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_api_tokens_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_account_id", "api_tokens", ["account_id"])


def create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("executor", sa.String(), nullable=False),
        sa.Column("program_id", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("last_n", sa.Integer(), nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.Column("updated_us", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name="fk_jobs_program_id_programs"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("requested_by", "key", name="uq_jobs_requested_by_key"),
    )
    op.create_index("ix_jobs_created_us", "jobs", ["created_us"])
    op.create_index("ix_jobs_device_created", "jobs", ["device", "created_us"])
    op.create_index("ix_jobs_executor_state", "jobs", ["executor", "state"])
    op.create_index("ix_jobs_program_id", "jobs", ["program_id"])
    op.create_table(
        "job_attempts",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("begun_us", BigInt, nullable=False),
        sa.Column("ended_us", BigInt, nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_attempts_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "attempt", name="pk_job_attempts"),
    )


def create_telemetry() -> None:
    with op.batch_alter_table("series") as series:
        series.add_column(sa.Column("rolled_us", BigInt, nullable=False, server_default="0"))
    op.create_table(
        "minutes",
        sa.Column("series_id", BigInt, nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_minutes_series_id_series", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "at_us", name="pk_minutes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "console_chunks",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("us", BigInt, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_chunks"),
        sa.UniqueConstraint("device", "us", name="uq_console_chunks_device_us"),
    )
    op.create_index("ix_console_chunks_at_us", "console_chunks", ["at_us"])
    op.create_index("ix_console_chunks_device_id", "console_chunks", ["device", "id"])


def downgrade() -> None:
    for table in ("api_tokens", "assets", "console_chunks", "minutes", "job_attempts", "jobs", "programs"):
        op.drop_table(table)
    with op.batch_alter_table("series") as series:
        series.drop_column("rolled_us")
