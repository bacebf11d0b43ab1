"""Engines, transactions and column types: the only place that opens a connection or commits.

SQLite and PostgreSQL behind one schema and one code path. A write is durable when `write` returns: SQLite runs in WAL
with `synchronous=FULL` (or DELETE with EXTRA where its build is too old to be trusted with WAL), PostgreSQL with
`synchronous_commit` on. All writes go through `Database.write`, so that a batching writer can stand behind it later.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeVar, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    DateTime,
    Dialect,
    Engine,
    Table,
    TypeDecorator,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NotInTime
from sqlalchemy.pool import NullPool
from sqlmodel import Column, Field, Session, SQLModel

from portal.settings import ROOT

try:
    import pysqlite3.dbapi2 as _sqlite
except ImportError:  # no wheel for this platform: the standard library's build, with the guard below
    _sqlite = sqlite3

SQLITE: ModuleType = _sqlite
Result = TypeVar("Result")
BUSY_MILLISECONDS = 15_000
TURN_SECONDS = 60.0  # how long a writer waits for the one before it; a tenth of that while the database refuses
REFUSED_SECONDS = 30.0  # for how long a write that the database refused speaks against it
TRIED_SECONDS = 1.0  # for how long a trial of it stands
AWAY = (DBAPIError, NotInTime)  # what `is_away` looks at
IDLE_MILLISECONDS = 600_000  # in a transaction: then whoever hangs, or a host that is gone, loses its locks
FORGET_AT_ONCE = 100_000_000  # bytes: about a second

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """A time with its zone, stored as UTC. A naive time is a programming error and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; give SQLite, which keeps no zone, the naive UTC time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back every time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """How a time is read. SQLite's, kept as a text, in one step: a page of homes reads fifty."""
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def column(kind: Any, *args: Any, personal: str | None, default: Any = ..., **options: Any) -> Any:
    """A table column that says whether it can hold personal data.

    `personal` is the name of the retention rule that covers it, or None where no person can stand in it. Erasure,
    retention and the raw-search drills walk this declaration. A column with the Python default None may be null.
    """
    if "default_factory" in options:
        factory = options.pop("default_factory")
        return Field(
            default_factory=factory,
            sa_column=Column(kind, *args, info={"personal": personal}, nullable=False, **options),
        )
    options.setdefault("nullable", default is None and not options.get("primary_key", False))
    return Field(
        default=default,
        sa_column=Column(kind, *args, info={"personal": personal}, **options),
    )


def utcnow() -> datetime:
    """The present time with its zone: the clock of the program, handed to functions as `now`."""
    return datetime.now(UTC)


class Database:
    """One database: reading and writing sessions over one engine."""

    def __init__(self, url: str, pool_size: int = 8, turn_seconds: float = TURN_SECONDS) -> None:
        self.url = url
        self._turn_seconds = turn_seconds
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url, pool_size)
        self._writing = self.engine.execution_options(writing=True)
        # SQLite takes one writer at a time; queueing here beats the busy handler's back-off and its long tails.
        self._turn = threading.Lock() if self.is_sqlite else None
        self.after_write: list[Callable[[Session], None]] = []
        self._refused_at: float | None = None  # when a write last failed by the database's fault; None after a good one
        self._trial = (0.0, False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading. Nothing written in it is kept; what was loaded stays readable after it."""
        with Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def view(self) -> Iterator[Session]:
        """A session for reading that sees the database of one moment, however long and in how many statements."""
        seeing = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(seeing, autoflush=False) as session:
            yield session

    def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in one transaction: durable when this returns, rolled back whole when it raises.

        Raises one of `AWAY` where the database is to blame (`is_away`); then whether it was written may be unknown.
        """
        try:
            with self._in_turn(self._turn_seconds * (1 if self._refused_at is None else 0.1)):
                result = self._transact(work)
        except AWAY as error:
            if is_away(error):
                self._refused_at = time.monotonic()
            raise
        self._refused_at = None
        return result

    @contextmanager
    def _in_turn(self, seconds: float) -> Iterator[None]:
        # Whoever waits behind a writer that gets no lock would wait as long again, and so on: that ends here.
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=seconds):
            raise NotInTime(f"no turn to write within {seconds} seconds")
        try:
            yield
        finally:
            self._turn.release()

    def _transact(self, work: Callable[[Session], Result]) -> Result:
        with Session(self._writing, expire_on_commit=False) as session:
            with session.begin():
                result = work(session)
            for hook in self.after_write:
                hook(session)
            return result

    def is_reachable(self) -> bool:
        """Whether the database answers a trivial statement."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:
            return False
        return True

    def takes_writes(self) -> bool:
        """Whether a write would be durable now: tried with one that changes nothing, at most once a second.

        False also where the database refused a write within half a minute and took none since: a disk may be full for
        an enquiry and not for a trial.
        """
        now = time.monotonic()
        if self._refused_at is not None and now - self._refused_at < REFUSED_SECONDS:
            return False
        if now - self._trial[0] >= TRIED_SECONDS:
            try:
                with self._in_turn(self._turn_seconds / 10):
                    self._try_to_write()
                self._trial = time.monotonic(), True
            except Exception:
                self._trial = time.monotonic(), False
        return self._trial[1]

    def _try_to_write(self) -> None:
        if not self.is_sqlite:
            with self.engine.begin() as connection:  # a record in the log that nobody reads, synced like every commit
                connection.execute(text("SELECT pg_logical_emit_message(true, 'portal', '')"))
            return
        with closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            (number,) = cursor.execute("PRAGMA user_version").fetchone()
            try:
                cursor.execute("PRAGMA busy_timeout=1000")
                for statement in ("BEGIN IMMEDIATE", f"PRAGMA user_version={number}", "COMMIT"):
                    cursor.execute(statement)
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def forget_deleted(self, at_most: int = FORGET_AT_ONCE) -> bool:
        """Make the files of SQLite hold nothing any more that was deleted; True once they do.

        `secure_delete` overwrites what is deleted, but not the copies that stay in the unused space of a page when its
        rows move to another, nor the log. So the file is written anew, and the log into it and cut to nothing. False
        for a file of more than `at_most` bytes, which is not written anew, because enquiries wait meanwhile; and false
        where somebody still looks at an older state. PostgreSQL has nothing to do here: its vacuum comes by itself.
        """
        if self._turn is None:
            return True
        with self._turn, closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            pages, bytes_a_page = (cursor.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
            small = pages * bytes_a_page <= at_most
            if small:
                cursor.execute("VACUUM")
            try:
                cursor.execute("PRAGMA busy_timeout=200")  # who reads long must not hold up all who write
                (busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        return small and not busy

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert_ignore(session: Session, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless a unique key already holds it; True where the row is new."""
    build = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement: Any = build(table).values(**values).on_conflict_do_nothing()
    return affected(session, statement) == 1


def one_at_a_time(session: Session, *keys: str) -> None:
    """Let no other transaction with any of these keys pass this point until this one ends."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        # In one order, whoever asks: two who want the same ones never wait for each other.
        asked = "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(CAST(:keys AS text[])) AS key"
        session.execute(text(asked), {"keys": sorted(set(keys))})


def is_away(error: Exception) -> bool:
    """Whether the database is to blame and not the statement: unreachable, full, locked, or on its way down.

    PostgreSQL says so by the class of the error; SQLite keeps one class and tells by its code.
    """
    if isinstance(error, NotInTime) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR


def affected(session: Session, statement: Any) -> int:
    """Run an INSERT, UPDATE or DELETE; how many rows it changed."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False, preserve_rowcount=True))
    return int(result.rowcount)


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a SQLModel class."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


def sqlite_is_safe_for_wal(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6, sqlite.org/wal.html)."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def migrate(database: Database) -> None:
    """Bring the schema up to the newest migration; a new SQLite file also gets its journal mode."""
    if database.is_sqlite:
        _set_journal_mode(database)
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.upgrade(configuration, "head")


def schema_is_current(database: Database) -> bool:
    """Whether the database stands at the newest migration this code knows."""
    head = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _set_journal_mode(database: Database) -> None:
    # Once, for a new file: doing so at every connect would itself lock the file.
    mode = "WAL" if sqlite_is_safe_for_wal(SQLITE.sqlite_version_info) else "DELETE"
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute(f"PRAGMA journal_mode={mode}")
    finally:
        connection.close()


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, module=SQLITE, connect_args={"timeout": 15, "check_same_thread": False})
    synchronous = "FULL" if sqlite_is_safe_for_wal(SQLITE.sqlite_version_info) else "EXTRA"

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in (
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={BUSY_MILLISECONDS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A deferred transaction that reads and then writes fails at once under load; a write says so from the start.
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    # One name for the driver wherever the address was written by hand: postgresql:// means psycopg here.
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        # Not in the address, because connection poolers refuse it there.
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MILLISECONDS}")
        connection.commit()

    return engine


def unpooled(url: str) -> Engine:
    """An engine without a pool, for migrations and tools that run once and leave."""
    return (
        create_engine(url, module=SQLITE, poolclass=NullPool)
        if url.startswith("sqlite")
        else create_engine(url, poolclass=NullPool)
    )
