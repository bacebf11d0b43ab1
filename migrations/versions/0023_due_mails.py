"""due mails in the order of the claims, so that neither what is settled nor what waits costs a claim anything"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

IS_OPEN = sa.text("state || '' IN ('queued', 'uncertain')")


def upgrade() -> None:
    op.drop_index("ix_mail_due", table_name="mail")
    op.create_index("ix_mail_due", "mail", ["due_at", "id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
    op.create_index("ix_mail_state", "mail", ["state", "queued_at"])


def downgrade() -> None:
    op.drop_index("ix_mail_state", table_name="mail")
    op.drop_index("ix_mail_due", table_name="mail")
    op.create_index("ix_mail_due", "mail", ["state", "due_at"])
