"""receipts: the way of each lead's visitor to its receipt"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "receipt_link",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_receipt_link_lead_id_lead")),
        sa.PrimaryKeyConstraint("lead_id", name=op.f("pk_receipt_link")),
        sa.UniqueConstraint("nonce", name=op.f("uq_receipt_link_nonce")),
    )
    _give_earlier_leads_theirs()


def downgrade() -> None:
    op.drop_table("receipt_link")


def _give_earlier_leads_theirs() -> None:
    # Whoever enquired before is given a receipt too: their mails did not name it, those to come will.
    connection = op.get_bind()
    table = sa.table(
        "receipt_link",
        sa.column("lead_id", sa.Integer()),
        sa.column("nonce", sa.String()),
        sa.column("issued_at", sa.DateTime(timezone=True)),
    )
    present = connection.execute(sa.text("SELECT lead_id FROM lead_person ORDER BY lead_id")).scalars().all()
    now = datetime.now(UTC)
    if present:
        connection.execute(
            table.insert(),
            [{"lead_id": lead_id, "nonce": secrets.token_hex(16), "issued_at": now} for lead_id in present],
        )
