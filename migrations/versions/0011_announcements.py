"""policies are announced: summary, class of change, when announced and retired; a text and its dates never change"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TEXT = (
    "document",
    "number",
    "locale",
    "title",
    "body",
    "body_sha256",
    "revised_on",
    "summary",
    "change_class",
    "approved_by",
)
DATES = ("announced_at", "effective_at", "retired_at")
CHANGED = " OR ".join(
    [f"NEW.{name} <> OLD.{name}" for name in TEXT]
    + [f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))" for name in DATES]
)


def upgrade() -> None:
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("summary", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("change_class", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE policy_version SET summary = '', change_class = 'material', announced_at = effective_at")
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.alter_column("summary", existing_type=sa.Text(), nullable=False)
        batch_op.alter_column("change_class", existing_type=sa.String(length=10), nullable=False)
        batch_op.alter_column("effective_at", existing_type=sa.DateTime(timezone=True), nullable=True)
        batch_op.create_check_constraint(
            op.f("ck_policy_version_change_class"), "change_class IN ('editorial', 'material')"
        )
        batch_op.create_check_constraint(
            op.f("ck_policy_version_announced"), "(announced_at IS NULL) = (effective_at IS NULL)"
        )
    for statement in _sqlite_triggers() if _is_sqlite() else _postgresql_triggers():
        op.execute(statement)


def downgrade() -> None:
    on = "" if _is_sqlite() else " ON policy_version"
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER policy_version_{verb}{on}")
    if not _is_sqlite():
        op.execute("DROP FUNCTION policy_version_update()")
        op.execute("DROP FUNCTION policy_version_delete()")
    op.execute("DELETE FROM policy_version WHERE effective_at IS NULL")
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_policy_version_announced"), type_="check")
        batch_op.drop_constraint(op.f("ck_policy_version_change_class"), type_="check")
        batch_op.alter_column("effective_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        for name in ("retired_at", "announced_at", "change_class", "summary"):
            batch_op.drop_column(name)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _sqlite_triggers() -> list[str]:
    return [
        f"CREATE TRIGGER policy_version_{verb} BEFORE {verb.upper()} ON policy_version WHEN {refused}"
        f" BEGIN SELECT RAISE(ABORT, 'a policy version stays as it is'); END"
        for verb, refused in (("update", CHANGED), ("delete", "1"))
    ]


def _postgresql_triggers() -> list[str]:
    made = []
    for verb, refused, row in (("update", CHANGED, "NEW"), ("delete", "true", "OLD")):
        made.append(f"""
            CREATE FUNCTION policy_version_{verb}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {refused} THEN
                    RAISE EXCEPTION 'a policy version stays as it is'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN {row};
            END $$
        """)
        made.append(
            f"CREATE TRIGGER policy_version_{verb} BEFORE {verb.upper()} ON policy_version"
            f" FOR EACH ROW EXECUTE FUNCTION policy_version_{verb}()"
        )
    return made
