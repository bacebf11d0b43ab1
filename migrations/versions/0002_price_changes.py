"""price changes, kept from here on: what was asked before is not known"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "price_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("previous_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("kind IN ('first_published', 'changed')", name=op.f("ck_price_change_kind")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_price_change_property_id_property")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_change")),
    )
    with op.batch_alter_table("price_change", schema=None) as batch_op:
        batch_op.create_index("ix_price_change_property", ["property_id", "at", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("price_change", schema=None) as batch_op:
        batch_op.drop_index("ix_price_change_property")

    op.drop_table("price_change")
