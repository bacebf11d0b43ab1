"""what agencies answer about a lead, who wants to hear of it, and listings that their own agency says are gone"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "agency_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=14), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "answer IN ('contacted', 'not_reachable', 'unavailable', 'not_real')", name=op.f("ck_agency_answer_answer")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_agency_answer_agency_id_agency")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_agency_answer_contact_id_contact")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_agency_answer_lead_id_lead")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_agency_answer_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_answer")),
    )
    for name in ("lead_id", "agency_id", "answered_at"):
        op.create_index(op.f(f"ix_agency_answer_{name}"), "agency_answer", [name])
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer_wished_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("listing_report", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=7), nullable=False, server_default="visitor"))
        batch_op.create_check_constraint(op.f("ck_listing_report_source"), "source IN ('visitor', 'agency')")
    with op.batch_alter_table("listing_report", schema=None) as batch_op:
        batch_op.alter_column("source", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("listing_report", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_listing_report_source"), type_="check")
        batch_op.drop_column("source")
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.drop_column("answer_wished_at")
    op.drop_table("agency_answer")
