"""Championships: the log that cannot be changed, teams, armings and passages."""

import sqlalchemy as sa
from alembic import op

from lab_controller.database.columns import BigInt

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGES = ("UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "championships",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name_kk", sa.String(), nullable=False),
        sa.Column("name_ru", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("discipline", sa.String(), nullable=False),
        sa.Column("created_us", BigInt, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("head_seq", BigInt, nullable=False),
        sa.Column("head_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_championships"),
        sa.UniqueConstraint("slug", name="uq_championships_slug"),
    )
    op.create_table(
        "championship_log",
        sa.Column("championship_id", BigInt, nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("voids", BigInt, nullable=True),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        _championship_key("championship_log"),
        sa.PrimaryKeyConstraint("championship_id", "seq", name="pk_championship_log"),
    )
    _forbid_changes()
    op.create_table(
        "receipts",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("at_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_receipts"),
    )
    _create_teams()
    _create_passages()


def downgrade() -> None:
    for table in ("gate_boots", "armings", "passage_edges", "passages", "entry_teams", "participants"):
        op.drop_table(table)
    for table in ("teams", "schools", "receipts", "championship_log", "championships"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION championship_log_is_append_only()")


def _championship_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["championship_id"], ["championships.id"], name=f"fk_{table}_championship_id_championships"
    )


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION championship_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the championship log is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER championship_log_append_only BEFORE UPDATE OR DELETE ON championship_log "
            "FOR EACH ROW EXECUTE FUNCTION championship_log_is_append_only()"
        )
        return
    for change in CHANGES:
        op.execute(
            f"CREATE TRIGGER championship_log_no_{change.lower()} BEFORE {change} ON championship_log "
            "BEGIN SELECT RAISE(ABORT, 'the championship log is append-only'); END"
        )


def _create_teams() -> None:
    op.create_table(
        "schools",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schools"),
        sa.UniqueConstraint("name_key", name="uq_schools_name_key"),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("coach", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["schools.id"], name="fk_teams_school_id_schools"),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("school_id", "name_key", name="uq_teams_school_id_name_key"),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_participants_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_participants"),
    )
    op.create_index("ix_participants_team_id", "participants", ["team_id"])
    op.create_table(
        "entry_teams",
        sa.Column("championship_id", BigInt, nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        _championship_key("entry_teams"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_entry_teams_team_id_teams"),
        sa.PrimaryKeyConstraint("championship_id", "entry", name="pk_entry_teams"),
        sa.UniqueConstraint("championship_id", "team_id", name="uq_entry_teams_championship_id_team_id"),
    )


def _create_passages() -> None:
    op.create_table(
        "passages",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("edge", sa.String(), nullable=False),
        sa.Column("us", BigInt, nullable=False),
        sa.Column("received_us", BigInt, nullable=False),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("log_seq", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passages"),
        sa.UniqueConstraint("device", "boot", "seq", name="uq_passages_device_boot_seq"),
    )
    op.create_index("ix_passages_run", "passages", ["run"])
    op.create_table(
        "passage_edges",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("n", BigInt, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("edge", sa.String(), nullable=False),
        sa.Column("us", BigInt, nullable=False),
        sa.Column("received_us", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passage_edges"),
        sa.UniqueConstraint("device", "boot", "n", name="uq_passage_edges_device_boot_n"),
    )
    op.create_table(
        "armings",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("championship_id", BigInt, nullable=False),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("input", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("asked_us", BigInt, nullable=False),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("armed_seq", BigInt, nullable=True),
        sa.Column("heard_seq", BigInt, nullable=True),
        sa.Column("stuck_since_us", BigInt, nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        _championship_key("armings"),
        sa.PrimaryKeyConstraint("id", name="pk_armings"),
    )
    op.create_index("ix_armings_device_token", "armings", ["device", "token"])
    op.create_index("ix_armings_device_closed", "armings", ["device", "closed"])
    op.create_index("ix_armings_run", "armings", ["run"])
    op.create_table(
        "gate_boots",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("first_seen_us", BigInt, nullable=False),
        sa.Column("fits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device", "boot", name="pk_gate_boots"),
    )
