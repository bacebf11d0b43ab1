"""who agreed that a contact takes over an agency's leads"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("agreed_by", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_contact_agreed_by_contact"), "contact", ["agreed_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_contact_agreed_by_contact"), type_="foreignkey")
        batch_op.drop_column("agreed_by")
        batch_op.drop_column("agreed_at")
        batch_op.drop_column("proved_at")
