"""running costs: for how long the fee of a community is, the property tax and the rubbish collection of a year"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
COLUMNS = (("community_fee_months", sa.Integer()), ("ibi_minor", sa.BigInteger()), ("rubbish_minor", sa.BigInteger()))


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("property", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in COLUMNS:
        op.drop_column("property", name)
