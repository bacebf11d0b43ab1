"""exports: workbooks, presets, the root over the rows, what of the ledger they were a view of"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_export_format"), type_="check")
        batch_op.create_check_constraint(op.f("ck_export_format"), "format IN ('csv', 'jsonl', 'xlsx')")
        batch_op.add_column(sa.Column("preset", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("root", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("checkpoint_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ledger_event_id", sa.String(length=36), nullable=True))
    op.execute("UPDATE export SET preset = 'standard'")
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.alter_column("preset", existing_type=sa.String(length=20), nullable=False)
        batch_op.create_foreign_key(
            op.f("fk_export_checkpoint_id_ledger_checkpoint"), "ledger_checkpoint", ["checkpoint_id"], ["id"]
        )
        batch_op.create_foreign_key(
            op.f("fk_export_ledger_event_id_ledger_event"), "ledger_event", ["ledger_event_id"], ["id"]
        )


def downgrade() -> None:
    op.execute("DELETE FROM export WHERE format = 'xlsx'")
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_export_checkpoint_id_ledger_checkpoint"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_export_ledger_event_id_ledger_event"), type_="foreignkey")
        batch_op.drop_column("ledger_event_id")
        batch_op.drop_column("checkpoint_id")
        batch_op.drop_column("root")
        batch_op.drop_column("preset")
        batch_op.drop_constraint(op.f("ck_export_format"), type_="check")
        batch_op.create_check_constraint(op.f("ck_export_format"), "format IN ('csv', 'jsonl')")
