"""how fast agencies answer, and the mail that reminded a contact of an answer"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.add_column(sa.Column("response_count", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("response_seconds", sa.Integer(), nullable=True))
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.alter_column("response_count", server_default=None)
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reminder_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_disclosure_reminder_id_mail"), "mail", ["reminder_id"], ["id"])
        batch_op.create_index(op.f("ix_disclosure_reminder_id"), ["reminder_id"])


def downgrade() -> None:
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_disclosure_reminder_id"))
        batch_op.drop_constraint(op.f("fk_disclosure_reminder_id_mail"), type_="foreignkey")
        batch_op.drop_column("reminder_id")
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.drop_column("response_seconds")
        batch_op.drop_column("response_count")
