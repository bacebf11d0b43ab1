"""purposes, annexes, and choices with all their states"""

import calendar
import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "purpose",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("dpv", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("basis_iri", sa.String(length=200), nullable=False),
        sa.Column("basis_text", sa.Text(), nullable=False),
        sa.Column("opt_in", sa.Boolean(), nullable=False),
        sa.Column("control", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("consent_months", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("locations", sa.JSON(), nullable=False),
        sa.Column("transfers", sa.JSON(), nullable=False),
        sa.Column("retention", sa.String(length=20), nullable=False),
        sa.Column("retention_text", sa.Text(), nullable=False),
        sa.Column("translations", sa.JSON(), nullable=False),
        sa.CheckConstraint("opt_in = (control <> '')", name=op.f("ck_purpose_control")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purpose")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_purpose_code_valid_from")),
    )
    op.create_table(
        "policy_annex",
        sa.Column("policy_version_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_version.id"], name=op.f("fk_policy_annex_policy_version_id_policy_version")
        ),
        sa.PrimaryKeyConstraint("policy_version_id", "locale", name=op.f("pk_policy_annex")),
    )

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purposes", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("controls", sa.JSON(), nullable=True))
    _tell_boxes()
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.alter_column("purposes", existing_type=sa.String(length=500), nullable=False)
        batch_op.alter_column("controls", existing_type=sa.JSON(), nullable=False)

    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ledger_event_id", sa.String(length=36), nullable=True))
        batch_op.drop_constraint(op.f("ck_choice_state"), type_="check")
    _tell_ends()
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.alter_column("by", existing_type=sa.String(length=120), nullable=False)
        batch_op.create_check_constraint(
            op.f("ck_choice_state"), "state IN ('given', 'refused', 'withdrawn', 'renewed', 'expired')"
        )
        batch_op.create_check_constraint(
            op.f("ck_choice_expires_at"), "(expires_at IS NOT NULL) = (state IN ('given', 'renewed'))"
        )
        batch_op.create_foreign_key(
            op.f("fk_choice_ledger_event_id_ledger_event"), "ledger_event", ["ledger_event_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_choice_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(op.f("ix_choice_ledger_event_id"), ["ledger_event_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_choice_ledger_event_id"))
        batch_op.drop_index(op.f("ix_choice_expires_at"))
        batch_op.drop_constraint(op.f("fk_choice_ledger_event_id_ledger_event"), type_="foreignkey")
        batch_op.drop_constraint(op.f("ck_choice_expires_at"), type_="check")
        batch_op.drop_constraint(op.f("ck_choice_state"), type_="check")
        for name in ("ledger_event_id", "expires_at", "by"):
            batch_op.drop_column(name)
    op.execute("UPDATE choice SET state = 'given' WHERE state = 'renewed'")
    op.execute("UPDATE choice SET state = 'withdrawn' WHERE state = 'expired'")
    with op.batch_alter_table("choice", schema=None) as batch_op:
        batch_op.create_check_constraint(op.f("ck_choice_state"), "state IN ('given', 'refused', 'withdrawn')")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_column("controls")
        batch_op.drop_column("purposes")
    op.drop_table("policy_annex")
    op.drop_table("purpose")


def _tell_boxes() -> None:
    # A notice had one box, the last line of its text. Which rows it was made from, those of its time say.
    connection = op.get_bind()
    for number, text in connection.execute(sa.text("SELECT id, text FROM notice")).all():
        label = text.rsplit("[ ] ", 1)[-1]
        box = {"purpose": "marketing_portal", "control": "marketing", "label": label, "months": 24}
        connection.execute(
            sa.text("UPDATE notice SET purposes = '', controls = :controls WHERE id = :id"),
            {"controls": json.dumps([box]), "id": number},
        )


def _tell_ends() -> None:
    # What was agreed to without an end ends after two years, like what is agreed to now.
    choice = sa.table(
        "choice", sa.column("id"), sa.column("by"), sa.column("state"), sa.column("at", sa.DateTime(timezone=True)),
        sa.column("expires_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    connection = op.get_bind()
    connection.execute(choice.update().values(by="visitor"))
    for number, at in connection.execute(sa.select(choice.c.id, choice.c.at).where(choice.c.state == "given")).all():
        connection.execute(choice.update().where(choice.c.id == number).values(expires_at=_two_years_after(at)))


def _two_years_after(at: datetime) -> datetime:
    year = at.year + 2
    return at.replace(year=year, day=min(at.day, calendar.monthrange(year, at.month)[1]))
