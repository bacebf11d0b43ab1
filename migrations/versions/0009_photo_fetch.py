"""pictures to be fetched: which addresses gave none yet, and when each is due again"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "photo_fetch",
        sa.Column("source_url", sa.String(length=2000), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("source_url", name=op.f("pk_photo_fetch")),
    )
    lacking = sa.text("media IS NULL")
    op.create_index(
        "ix_property_photo_lacking",
        "property_photo",
        ["source_url"],
        unique=False,
        sqlite_where=lacking,
        postgresql_where=lacking,
    )


def downgrade() -> None:
    op.drop_index("ix_property_photo_lacking", "property_photo")
    op.drop_table("photo_fetch")
