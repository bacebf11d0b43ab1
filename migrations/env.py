"""Runs migrations on the database that `portal migrate` names; one transaction each, both databases."""

from alembic import context
from sqlmodel import SQLModel

from portal import tables
from portal.db import UTCDateTime, unpooled
from portal.settings import Settings

assert tables.MODULES  # imported for what it declares


def plain_type(kind: str, value: object, autogen_context: object) -> str | bool:
    """Write the portal's own types as the plain ones they are, so that old migrations import nothing of it."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UTCDateTime) else False


def run() -> None:
    url = context.config.attributes.get("url") or Settings.from_environment().database
    with unpooled(url).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_server_default=True,
            render_item=plain_type,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
