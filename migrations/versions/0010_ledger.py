"""the ledger is sealed: leaves, tree, checkpoints, keys, tombstones; nothing in it is ever updated"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

FOR_GOOD = ("ledger_event", "ledger_payload", "ledger_leaf", "ledger_node", "ledger_checkpoint", "ledger_tombstone")
KEYED = {
    "ledger_event": "id = NEW.id",
    "ledger_payload": "event_id = NEW.event_id AND half = NEW.half",
    "ledger_leaf": "idx = NEW.idx OR event_id = NEW.event_id",
    "ledger_node": "level = NEW.level AND idx = NEW.idx",
    "ledger_checkpoint": "id = NEW.id",
    "ledger_tombstone": "event_id = NEW.event_id AND half = NEW.half",
    "ledger_key": "vkey = NEW.vkey",
}
KEPT = "EXISTS (SELECT 1 FROM {0} WHERE {1})"
TOMBSTONE = "SELECT 1 FROM ledger_tombstone t WHERE t.event_id = {0}.event_id AND t.half = {0}.half"
OLD_TOMBSTONE, NEW_TOMBSTONE = TOMBSTONE.format("OLD"), TOMBSTONE.format("NEW")
KEY_CHANGED = (
    "NEW.vkey <> OLD.vkey OR NEW.purpose <> OLD.purpose OR NEW.certificate <> OLD.certificate"
    " OR NEW.created_at <> OLD.created_at OR OLD.retired_at IS NOT NULL"
)


def upgrade() -> None:
    with op.batch_alter_table("ledger_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about", sa.String(length=12), nullable=True))
    _tell_leads()
    with op.batch_alter_table("ledger_event", schema=None) as batch_op:
        batch_op.alter_column("about", existing_type=sa.String(length=12), nullable=False)
        batch_op.create_index(op.f("ix_ledger_event_about"), ["about"], unique=False)
        batch_op.create_index(op.f("ix_ledger_event_at"), ["at"], unique=False)
    _create_tables()
    statements = _sqlite_triggers() if _is_sqlite() else _postgresql_triggers()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    for table in (*FOR_GOOD, "ledger_key"):
        for verb in ("insert", "update", "delete", "truncate") if _is_sqlite() else ():
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{verb}")
    for table in ("ledger_event", "ledger_payload") if not _is_sqlite() else ():
        for verb in ("insert", "update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{verb} ON {table}")
    for table in ("ledger_tombstone", "ledger_key", "ledger_checkpoint", "ledger_node", "ledger_leaf"):
        op.drop_table(table)
    for function in ("refuse", "payload_inserted", "payload_deleted", "key_updated") if not _is_sqlite() else ():
        op.execute(f"DROP FUNCTION ledger_{function}()")
    with op.batch_alter_table("ledger_event", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_ledger_event_at"))
        batch_op.drop_index(op.f("ix_ledger_event_about"))
        batch_op.drop_column("about")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _tell_leads() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE ledger_event SET about = ''"))
    rows = connection.execute(sa.text("SELECT event_id, payload FROM ledger_payload WHERE half = 'business'")).all()
    told = [(event_id, json.loads(bytes(payload)).get("lead", "")) for event_id, payload in rows]
    for event_id, lead in told:
        if lead:
            connection.execute(
                sa.text("UPDATE ledger_event SET about = :lead WHERE id = :id"), {"lead": lead, "id": event_id}
            )


def _create_tables() -> None:
    op.create_table(
        "ledger_leaf",
        sa.Column("idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_ledger_leaf")),
        sa.UniqueConstraint("event_id", name=op.f("uq_ledger_leaf_event_id")),
    )
    op.create_table(
        "ledger_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name=op.f("pk_ledger_node")),
    )
    op.create_table(
        "ledger_checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=260), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_checkpoint")),
    )
    op.create_index(op.f("ix_ledger_checkpoint_size"), "ledger_checkpoint", ["size"], unique=False)
    op.create_table(
        "ledger_key",
        sa.Column("vkey", sa.String(length=400), nullable=False),
        sa.Column("purpose", sa.String(length=7), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('sealing', 'promise')", name=op.f("ck_ledger_key_purpose")),
        sa.PrimaryKeyConstraint("vkey", name=op.f("pk_ledger_key")),
    )
    op.create_table(
        "ledger_tombstone",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=False),
        sa.Column("tombstone_event_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("half IN ('business', 'person')", name=op.f("ck_ledger_tombstone_half")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["ledger_event.id"], name=op.f("fk_ledger_tombstone_event_id_ledger_event")
        ),
        sa.ForeignKeyConstraint(
            ["tombstone_event_id"],
            ["ledger_event.id"],
            name=op.f("fk_ledger_tombstone_tombstone_event_id_ledger_event"),
        ),
        sa.PrimaryKeyConstraint("event_id", "half", name=op.f("pk_ledger_tombstone")),
    )
    op.create_index(
        op.f("ix_ledger_tombstone_tombstone_event_id"), "ledger_tombstone", ["tombstone_event_id"], unique=False
    )


def _sqlite_triggers() -> list[str]:
    # INSERT OR REPLACE deletes without asking a trigger: what a key already holds is therefore refused at the door.
    made = [_sqlite(table, "insert", KEPT.format(table, keyed)) for table, keyed in KEYED.items()]
    made += [_sqlite(table, "update", "1") for table in FOR_GOOD]
    made += [_sqlite(table, "delete", "1") for table in (*FOR_GOOD, "ledger_key") if table != "ledger_payload"]
    made.append(_sqlite("ledger_payload", "delete", f"NOT EXISTS ({OLD_TOMBSTONE})"))
    made.append(_sqlite("ledger_key", "update", KEY_CHANGED))
    return made


def _sqlite(table: str, verb: str, refused: str) -> str:
    if (table, verb) == ("ledger_payload", "insert"):
        refused = f"{refused} OR EXISTS ({NEW_TOMBSTONE})"
    return (
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table} WHEN {refused}"
        f" BEGIN SELECT RAISE(ABORT, 'the ledger refuses this {verb} of {table}'); END"
    )


def _postgresql_triggers() -> list[str]:
    made = [
        _function("refuse", "true", "OLD"),
        _function("payload_inserted", f"EXISTS ({NEW_TOMBSTONE})", "NEW"),
        _function("payload_deleted", f"NOT EXISTS ({OLD_TOMBSTONE})", "OLD"),
        _function("key_updated", KEY_CHANGED, "NEW"),
    ]
    made += [_postgresql(table, "update", "refuse") for table in FOR_GOOD]
    made += [_postgresql(table, "delete", "refuse") for table in (*FOR_GOOD, "ledger_key") if table != "ledger_payload"]
    made += [_postgresql(table, "truncate", "refuse") for table in (*FOR_GOOD, "ledger_key")]
    made.append(_postgresql("ledger_payload", "insert", "payload_inserted"))
    made.append(_postgresql("ledger_payload", "delete", "payload_deleted"))
    made.append(_postgresql("ledger_key", "update", "key_updated"))
    return made


def _function(name: str, refused: str, row: str) -> str:
    return f"""
        CREATE FUNCTION ledger_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {refused} THEN
                RAISE EXCEPTION 'the ledger refuses this % of %', lower(tg_op), tg_table_name
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN {row};
        END $$
    """


def _postgresql(table: str, verb: str, function: str) -> str:
    each = "STATEMENT" if verb == "truncate" else "ROW"
    return (
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb.upper()} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION ledger_{function}()"
    )
