"""People, their roles and sign-ins; the audit log."""

import sqlalchemy as sa
from alembic import op

from lab_controller.database.columns import BigInt

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
    )
    op.create_table(
        "role_grants",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("granted_us", BigInt, nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_role_grants_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_role_grants"),
        sa.UniqueConstraint("account_id", "role", "scope", name="uq_role_grants_account_id_role_scope"),
    )
    op.create_table(
        "sign_in_sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.Column("expires_us", BigInt, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name="fk_sign_in_sessions_account_id_accounts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_sessions"),
    )
    op.create_index("ix_sign_in_sessions_account_id", "sign_in_sessions", ["account_id"])
    op.create_index("ix_sign_in_sessions_expires_us", "sign_in_sessions", ["expires_us"])
    op.create_table(
        "sign_in_tries",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_tries"),
    )
    op.create_index("ix_sign_in_tries_key", "sign_in_tries", ["key"])
    op.create_index("ix_sign_in_tries_at_us", "sign_in_tries", ["at_us"])
    op.create_table(
        "audit_records",
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_records"),
    )
    op.create_index("ix_audit_records_at_us", "audit_records", ["at_us"])
    op.create_index("ix_audit_records_actor", "audit_records", ["actor"])
    op.create_index("ix_audit_records_subject", "audit_records", ["subject"])


def downgrade() -> None:
    for table in ("audit_records", "sign_in_tries", "sign_in_sessions", "role_grants", "accounts"):
        op.drop_table(table)
