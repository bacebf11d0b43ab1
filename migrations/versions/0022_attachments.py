"""what is attached to the mails of an agency's leads: everything, until it says otherwise"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

AGENCY = sa.table("agency", sa.column("attachments", sa.JSON()))


def upgrade() -> None:
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attachments", sa.JSON(), nullable=True))
    op.execute(AGENCY.update().values(attachments=["openimmo", "json", "vcard"]))
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.alter_column("attachments", existing_type=sa.JSON(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("agency", schema=None) as batch_op:
        batch_op.drop_column("attachments")
