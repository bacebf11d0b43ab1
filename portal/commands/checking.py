"""`portal check`: what is wrong with this installation and how to mend it.

Looks and reports; changes nothing, makes no file, sends no mail.
"""

import http.client
import os
import shutil
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import typer
from sqlalchemy import make_url, text
from sqlmodel import Session, select

from portal import addresses, db, fetching
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency
from portal.commands import context
from portal.consent import policies
from portal.db import SQLITE, Database
from portal.language.formats import utc
from portal.ledger import keys, mirror, sealing
from portal.settings import CAPTURE, Settings, SettingsRefused

GIB = 2**30
RELAY = "Start the relay, or correct PORTAL_SMTP_RELAY; meanwhile mails wait in the outbox."
# What stands in documents and other people's settings; a key made by chance holds none of it.
EXAMPLES = ("secret", "password", "passwort", "changeme", "change-me", "change_me", "example", "default", "immomarket",
            "portal", "0123456", "1234567", "abcdefg", "qwerty", "letmein", "xxxxxx", "django-insecure")  # fmt: skip
SEALED_WITHIN = timedelta(minutes=1)
CAN_BYPASS = (
    "SELECT has_table_privilege('ledger_event', 'UPDATE, DELETE, TRUNCATE')"
    " OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'ledger_event'::regclass), 'USAGE')"
)
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. A `warning` may be meant; a `fault` is not: with one, `check` ends with exit code 1."""

    about: str
    level: Literal["fine", "warning", "fault"]
    says: str
    mend: str = ""


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is wrong with this installation and how to mend it; exit code 1 where something is."""
    try:
        settings = Settings.from_environment()
    except SettingsRefused as refused:
        found = [Finding("settings", "fault", line, "Correct the variable.") for line in str(refused).splitlines()]
    else:
        found = list(findings(settings, db.utcnow()))
    if as_json:
        context.print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            print(f"{finding.level:8} {finding.about:10} {finding.says}")
            if finding.mend:
                print(f"{'':19} → {finding.mend}")
    if any(finding.level == "fault" for finding in found):
        raise SystemExit(1)


def findings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Everything that can be seen of an installation from this host, in the order of the settings."""
    yield from _database(settings, now)
    yield from _data_directory(settings.data_directory)
    yield from _origin(settings)
    yield from _contact(settings)
    yield from _binds(settings)
    yield from _proxies(settings)
    yield from _relay(settings)
    yield from _key(settings)
    yield from _ledger_keys(settings)
    if not settings.ops_mail:
        yield Finding("reminder", "warning", "Nobody is reminded of held enquiries.", "Set PORTAL_OPS_MAIL.")
    if settings.fetch_allow:
        allowed = ", ".join(settings.fetch_allow)
        yield Finding(
            "fetching", "warning", f"The feed fetcher may reach inside addresses: {allowed}",
            "Take out of PORTAL_FETCH_ALLOW what no feed needs.",
        )  # fmt: skip


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("database", "fault", f"There is no database at {url.database} yet.", "Run `portal migrate`.")
        return
    database = Database(settings.database)
    try:
        if not database.is_reachable():
            shown = url.render_as_string(hide_password=True)
            yield Finding("database", "fault", f"{shown} does not answer.", "Start it, or correct PORTAL_DATABASE_URL.")
            return
        yield _sqlite(database) if database.is_sqlite else _postgresql(database)
        if not db.schema_is_current(database):
            yield Finding("schema", "fault", "The schema is not the newest.", "Run `portal migrate`.")
            return
        yield Finding("schema", "fine", "The schema is the newest.")
        with database.read() as session:
            yield from _contents(session, now)
            yield from _refused(session)
            yield from _ledger(session, database, settings, now)
    finally:
        database.close()


def _refused(session: Session) -> Iterator[Finding]:
    for agency, contact in agencies.refused(session):
        yield Finding(
            "contact", "fault",
            f"{agency.slug}: its {contact.role} contact's mailbox is refused ({contact.refused_code or 'no code'}).",
            f"Ask the agency for another ({agency.phone or 'no phone number known'}): "
            f"`portal agencies edit {agency.slug} --email …`; or, once it takes mail again, "
            f"`portal agencies confirm {agency.slug} --email … --reason …`.",
        )  # fmt: skip


def _sqlite(database: Database) -> Finding:
    with database.engine.connect() as connection:
        journal = str(connection.execute(text("PRAGMA journal_mode")).scalar_one()).upper()
        synchronous = SYNCHRONOUS[connection.execute(text("PRAGMA synchronous")).scalar_one()]
    says = f"SQLite {SQLITE.sqlite_version}, journal {journal}, synchronous {synchronous}."
    safe = db.sqlite_is_safe_for_wal(SQLITE.sqlite_version_info)
    if journal == "WAL" and not safe:
        mend = "Install the package pysqlite3 (3.51.3 or newer), or stop everything and set journal_mode=DELETE."
        return Finding("database", "fault", f"{says} This build can corrupt a WAL database.", mend)
    if SYNCHRONOUS.index(synchronous) < SYNCHRONOUS.index("FULL" if journal == "WAL" else "EXTRA"):
        return Finding(
            "database", "fault", f"{says} A power cut can lose an acknowledged lead.", "Run `portal migrate`."
        )
    if not safe:
        return Finding("database", "warning", f"{says} Slower than WAL.", "Install the package pysqlite3.")
    return Finding("database", "fine", says)


def _postgresql(database: Database) -> Finding:
    with database.engine.connect() as connection:
        shown = {
            name: str(connection.execute(text(f"SHOW {name}")).scalar_one())
            for name in ("server_version", "synchronous_commit", "fsync", "full_page_writes")
        }
    off = [name for name, value in shown.items() if value == "off"]
    says = f"PostgreSQL {shown['server_version'].split()[0]}, synchronous_commit {shown['synchronous_commit']}."
    if off:
        mend = f"Set {', '.join(off)} to on in postgresql.conf."
        return Finding(
            "database", "fault", f"{says} Off: {', '.join(off)}. A crash can lose an acknowledged lead.", mend
        )
    return Finding("database", "fine", says)


def _contents(session: Session, now: datetime) -> Iterator[Finding]:
    try:
        policy = policies.in_force(session, policies.DATA_POLICY, "en", now)
        yield Finding("policy", "fine", f"Data Policy version {policy.number} is in force.")
    except policies.PolicyUnknown:
        yield Finding(
            "policy", "fault", "No Data Policy is in force, so no enquiry can be taken.", "Run `portal policies add`."
        )
    for agency in session.exec(select(Agency).order_by(Agency.slug)):
        if agency.paused_at is None and not agencies.takes_enquiries(session, agency):
            yield Finding(
                "agencies", "warning", f"{agency.slug} has no confirmed contact: its properties show no form.",
                "Have the mailed link clicked, or run `portal agencies confirm`.",
            )  # fmt: skip


def _ledger(session: Session, database: Database, settings: Settings, now: datetime) -> Iterator[Finding]:
    if why := mirror.behind(database, mirror.folder(settings)):
        yield Finding("mirror", "fault", f"{why[0].upper()}{why[1:]}.", "Run `portal ledger recover`.")
    waiting, head = sealing.oldest_unsealed(session, now - SEALED_WITHIN), sealing.latest(session)
    if not keys.in_use(session, "sealing"):
        yield Finding(
            "ledger", "warning", "No key seals the ledger: nothing in it can be proved.", "Run `portal keys new`."
        )
    elif waiting:
        mend = "Start `portal work` on the host that has the sealing key; its log says why it does not seal."
        yield Finding("ledger", "fault", f"Not sealed: events since {utc(waiting)}.", mend)
    else:
        yield Finding("ledger", "fine", f"{head.size if head else 0} events are sealed.")
    if not database.is_sqlite and session.scalar(text(CAN_BYPASS)):
        yield Finding(
            "grants", "warning", "The database role may change the ledger, were it not for its triggers.",
            "Run the portal as a role that does not own the tables; the README has its grants.",
        )  # fmt: skip


def _ledger_keys(settings: Settings) -> Iterator[Finding]:
    purposes: tuple[keys.Purpose, ...] = ("sealing", "promise")
    for place in (keys.path(settings, purpose) for purpose in purposes):
        if place.exists() and place.stat().st_mode & 0o077:
            yield Finding("keys", "fault", f"Others can read {place}.", f"Run `chmod 600 {place}`.")
    try:
        held = [purpose for purpose, read in (("sealing", keys.sealing), ("promise", keys.promise)) if read(settings)]
    except keys.KeyRefused as refused:
        yield Finding("keys", "fault", f"{refused}.", "Bring the file back from where it is kept safe.")
        return
    if "promise" in held:
        yield Finding("keys", "fine", f"This host holds a key for {' and '.join(held)}.")
    else:
        yield Finding("keys", "warning", "This host can sign no promise on receipts.", "Run `portal keys new`.")


def _data_directory(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        mend = "Run `portal migrate`, which makes it, as the user the portal runs as, or correct PORTAL_DATA_DIRECTORY."
        yield Finding("data", "fault", f"{folder} is not a folder that can be written.", mend)
        return
    free = shutil.disk_usage(folder).free
    level: Literal["fine", "warning", "fault"] = "fine" if free > 2 * GIB else "warning" if free > GIB / 4 else "fault"
    mend = "" if level == "fine" else "Free some space, or move the folder and set PORTAL_DATA_DIRECTORY."
    yield Finding("data", level, f"{folder}, {free / GIB:.1f} GiB free.", mend)


def _origin(settings: Settings) -> Iterator[Finding]:
    here = _is_loopback(urlsplit(settings.origin).hostname or "")
    if settings.mode == "production" and here:
        yield Finding(
            "origin", "warning", f"Links in mails will lead to {settings.origin}, which is this machine.",
            "Set PORTAL_ORIGIN to the public address.",
        )  # fmt: skip
    elif not here and not settings.https:
        yield Finding(
            "origin", "fault", f"What visitors type travels openly to {settings.origin}.",
            "Put a proxy with TLS in front and set PORTAL_ORIGIN to its https address.",
        )  # fmt: skip
    elif here:
        yield Finding("origin", "fine", settings.origin)
    else:
        yield _asked(settings.origin)


def _asked(origin: str) -> Finding:
    """What stands at the public address: robots.txt, which only we answer there, and which names our own origin."""
    parts = urlsplit(origin)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=5)
    try:
        connection.request("GET", addresses.ROBOTS)
        answer = connection.getresponse()
        onward, body = answer.getheader("Location", ""), answer.read(65536).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as fault:
        says = f"{origin} does not answer from this host: {type(fault).__name__}."
        mend = "Start the site and its proxy, or correct PORTAL_ORIGIN; a host that may not reach it can ignore this."
        return Finding("origin", "warning", says, mend)
    finally:
        connection.close()
    if f"{origin}{addresses.SITEMAP}" in body:
        return Finding("origin", "fine", f"{origin} leads here.")
    seen = f"sends on to {fetching.redacted(onward)}" if onward else f"answers {answer.status} with another's page"
    mend = "Set PORTAL_ORIGIN to the address visitors see, and have the proxy pass the header Host on as it is."
    return Finding("origin", "fault", f"{origin} {seen}.", mend)


def _contact(settings: Settings) -> Iterator[Finding]:
    if settings.mode == "production" and not settings.contact_mail:
        yield Finding(
            "contact", "warning", "The legal notice names no e-mail address, which it must (Ley 34/2002, Art. 10).",
            "Set PORTAL_CONTACT_MAIL.",
        )  # fmt: skip


def _binds(settings: Settings) -> Iterator[Finding]:
    if settings.https and not _is_loopback(settings.bind.rpartition(":")[0]):
        yield Finding(
            "bind", "warning", f"{settings.bind} can be reached without TLS, past the proxy.",
            "Set PORTAL_BIND to a loopback or inside address.",
        )  # fmt: skip
    if not settings.ops_bind:
        return
    host = settings.ops_bind.rpartition(":")[0]
    inside = "Set PORTAL_OPS_BIND to a loopback or inside address of its own, such as 127.0.0.1:8001."
    if settings.ops_bind == settings.bind:
        yield Finding("ops", "fault", "Ops' pages and the site want the same port.", inside)
    elif not _is_inside(host):
        yield Finding("ops", "fault", f"Anybody who reaches {settings.ops_bind} can read ops' pages.", inside)
    elif not _is_loopback(host):
        yield Finding("ops", "warning", f"Every machine that reaches {settings.ops_bind} can read ops' pages.", inside)
    else:
        yield Finding("ops", "fine", f"Ops' pages stand at {settings.ops_bind}, for this host alone.")


def _proxies(settings: Settings) -> Iterator[Finding]:
    wide = [proxy for proxy in settings.trusted_proxies if _is_wide(proxy)]
    if wide:
        yield Finding(
            "proxies", "fault", f"Whoever comes from {', '.join(wide)} can claim to be anybody.",
            "Name in PORTAL_TRUSTED_PROXIES only the addresses of your own proxies.",
        )  # fmt: skip
    if settings.https and not settings.trusted_proxies:
        yield Finding(
            "proxies", "warning", "No proxy is trusted: every visitor seems to come from the one in front.",
            "Set PORTAL_TRUSTED_PROXIES to its address.",
        )  # fmt: skip


def _is_inside(host: str) -> bool:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:  # a name: where it leads is for the resolver to say
        return host == "localhost" or "." not in host or host.endswith((".internal", ".local", ".lan", ".home.arpa"))
    return address.is_private and not address.is_unspecified


def _is_wide(proxy: str) -> bool:
    network = ip_network(proxy)
    return network.prefixlen < (8 if network.version == 4 else 16)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _relay(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_relay == CAPTURE:
        level: Literal["fine", "fault"] = "fine" if settings.mode == "demo" else "fault"
        yield Finding("relay", level, "Mails are captured; none is sent.", "" if level == "fine" else RELAY)
        return
    relay = urlsplit(settings.smtp_relay)
    shown = f"{relay.scheme}://{relay.hostname}:{relay.port}"
    try:
        _greet(relay)
    except (OSError, smtplib.SMTPException) as error:
        yield Finding("relay", "fault", f"{shown}: {error}", RELAY)
        return
    if relay.scheme == "smtp" and not _is_loopback(relay.hostname or ""):
        mend = "Use smtp+starttls:// or smtps:// in PORTAL_SMTP_RELAY."
        yield Finding("relay", "warning", f"{shown} answers, but leads travel to it openly.", mend)
    else:
        yield Finding("relay", "fine", f"{shown} answers.")


def _greet(relay: SplitResult) -> None:
    tls, host = ssl.create_default_context(), relay.hostname or ""
    connection = (
        smtplib.SMTP_SSL(host, relay.port or 465, timeout=10, context=tls)
        if relay.scheme == "smtps"
        else smtplib.SMTP(host, relay.port or (587 if relay.scheme == "smtp+starttls" else 25), timeout=10)
    )
    with connection:
        connection.ehlo()
        if relay.scheme == "smtp+starttls":
            connection.starttls(context=tls)
        if relay.username:
            connection.login(unquote(relay.username), unquote(relay.password or ""))


def _key(settings: Settings) -> Iterator[Finding]:
    kept, made = (
        settings.data_directory / "secret.key",
        "`python -c 'import secrets; print(secrets.token_urlsafe(48))'`",
    )
    if settings.secret_key:
        if _is_weak(settings.secret_key):
            yield Finding("secret", "fault", "PORTAL_SECRET_KEY can be guessed.", f"Set it to what {made} prints.")
        else:
            yield Finding("secret", "fine", "PORTAL_SECRET_KEY is set.")
    elif kept.exists() and kept.stat().st_mode & 0o077:
        yield Finding("secret", "fault", f"Others can read {kept}.", f"Run `chmod 600 {kept}`.")
    elif kept.exists() and _is_weak(kept.read_text(encoding="ascii", errors="replace").strip()):
        yield Finding("secret", "fault", f"What {kept} holds can be guessed.", "Take the file away and start again.")
    else:
        state = "is kept in" if kept.exists() else "will be made at the first start and kept in"
        yield Finding("secret", "fine", f"The secret key {state} {kept}.")


def _is_weak(key: str) -> bool:
    # Too short, of few characters, one piece again and again, or taken from somewhere.
    low = key.lower()
    return len(key) < 32 or len(set(key)) < 12 or low in (low * 2)[1:-1] or any(word in low for word in EXAMPLES)
