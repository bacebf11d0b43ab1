"""why an enquiry was held, who saw it, who released it; the addresses that want no mail of ours"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("screening_score", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("screening_reasons", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("screening_seen_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("screening_seen_by", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("release_nonce", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("released_by", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("release_reason", sa.String(length=500), nullable=True))

    op.execute("UPDATE lead SET screening_score = 0, screening_reasons = '[]'")

    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.alter_column("screening_score", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("screening_reasons", existing_type=sa.JSON(), nullable=False)
        batch_op.create_unique_constraint(op.f("uq_lead_release_nonce"), ["release_nonce"])
        batch_op.create_index(op.f("ix_lead_screening"), ["screening"], unique=False)

    op.create_table(
        "stopped_address",
        sa.Column("mailbox", sa.String(length=32), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_stopped_address")),
    )


def downgrade() -> None:
    op.drop_table("stopped_address")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_lead_screening"))
        batch_op.drop_constraint(op.f("uq_lead_release_nonce"), type_="unique")
        for column in (
            "release_reason",
            "released_by",
            "released_at",
            "release_nonce",
            "screening_seen_by",
            "screening_seen_at",
            "screening_reasons",
            "screening_score",
        ):
            batch_op.drop_column(column)
