"""`portal serve`, `portal work`, `portal migrate`, `portal check`."""

from portal import db
from portal.commands import context
from portal.db import Database


def serve() -> None:
    """Serve the site."""


def work() -> None:
    """Send mails."""


def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = context.settings()
    settings.data_directory.mkdir(parents=True, exist_ok=True)
    db.migrate(Database(settings.database))
    context.say("The database is at the newest schema.")


def check() -> None:
    """Say what is wrong with this installation and how to mend it."""
