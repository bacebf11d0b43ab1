"""what a relay said by enhanced status code, the name it gave a mail it accepted; alerts"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_enhanced", sa.String(length=11), nullable=True))
        batch_op.add_column(sa.Column("relay_queue_id", sa.String(length=100), nullable=True))
    with op.batch_alter_table("mail_attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("enhanced", sa.String(length=11), nullable=True))
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("oldest_seconds", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_alert_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )


def downgrade() -> None:
    op.drop_table("alert")
    with op.batch_alter_table("mail_attempt", schema=None) as batch_op:
        batch_op.drop_column("enhanced")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_column("relay_queue_id")
        batch_op.drop_column("last_enhanced")
