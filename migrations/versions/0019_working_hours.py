"""when an office is open: its week, its clock, its holidays"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

# What every office had without saying so.
DEFAULTS = {"time_zone": (40, "Europe/Madrid"), "holidays": (6, "ES"), "local_holidays": (1100, "")}


def upgrade() -> None:
    with op.batch_alter_table("office", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opening_hours", sa.String(length=400), nullable=True))
        for name, (length, default) in DEFAULTS.items():
            batch_op.add_column(sa.Column(name, sa.String(length=length), nullable=False, server_default=default))
    with op.batch_alter_table("office", schema=None) as batch_op:
        for name in DEFAULTS:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("office", schema=None) as batch_op:
        for name in (*DEFAULTS, "opening_hours"):
            batch_op.drop_column(name)
