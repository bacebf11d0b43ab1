"""what becomes of a mail after the relay took it: its steps, and the mails that come back"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

BEFORE = ("queued", "sending", "accepted", "uncertain", "refused", "parked", "cancelled")
SINCE = (
    "queued", "sending", "accepted", "delayed", "delivered", "bounced", "complained", "uncertain", "refused", "parked",
    "cancelled",
)  # fmt: skip


def upgrade() -> None:
    _states(SINCE)
    op.create_table(
        "mail_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=6), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("source IN ('worker', 'portal', 'ops', 'dsn', 'arf')", name=op.f("ck_mail_event_source")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_event_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_event")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_mail_event_source_external_id")),
    )
    op.create_index(op.f("ix_mail_event_mail_id"), "mail_event", ["mail_id"])
    op.create_table(
        "returned_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=120), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'applied', 'person', 'seen')", name=op.f("ck_returned_mail_state")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_returned_mail_mail_id_mail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_mail")),
        sa.UniqueConstraint("sha256", name=op.f("uq_returned_mail_sha256")),
    )
    op.create_index("ix_returned_mail_state", "returned_mail", ["state", "id"])
    op.create_index(op.f("ix_returned_mail_mail_id"), "returned_mail", ["mail_id"])


def downgrade() -> None:
    op.drop_table("returned_mail")
    op.drop_table("mail_event")
    _states(BEFORE)


def _states(states: tuple[str, ...]) -> None:
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_mail_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_mail_state"), f"state IN ({', '.join(map(repr, states))})")
