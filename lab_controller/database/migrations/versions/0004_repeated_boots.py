"""Which passages were there before an arming: a board may count its boots anew."""

import sqlalchemy as sa
from alembic import op

from lab_controller.database.columns import BigInt

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("armings") as armings:
        armings.add_column(sa.Column("after_passage", BigInt, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("armings") as armings:
        armings.drop_column("after_passage")
