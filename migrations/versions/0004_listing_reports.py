"""reports of listings: what visitors say is gone, wrong or not allowed"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "listing_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("reason IN ('gone', 'wrong', 'forbidden')", name=op.f("ck_listing_report_reason")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_listing_report_mail_id_mail")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_listing_report_property_id_property")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_report")),
    )
    with op.batch_alter_table("listing_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_listing_report_property_id"), ["property_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("listing_report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_listing_report_property_id"))

    op.drop_table("listing_report")
