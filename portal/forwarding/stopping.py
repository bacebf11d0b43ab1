"""Stopping: whoever gets our mail about an enquiry they did not send can stop all such mail with one click.

Owns `stopped_address`. An address is never kept here, only its keyed fingerprint, and the link carries no more than
that. Enquiries under a stopped address are recorded and passed on like any other.
"""

from datetime import datetime

from sqlalchemy import String, delete
from sqlmodel import Session, SQLModel, col

from portal import addresses
from portal.db import UTCDateTime, affected, column, insert_ignore, table_of
from portal.mail.composing import Letterhead
from portal.signing import Signer, TokenRefused

PURPOSE = "stop"


class Stopped(Exception):
    """Whoever reads this mailbox stopped our mail."""


class StoppedAddress(SQLModel, table=True):
    """One mailbox that wants no confirmation and no release link any more."""

    __tablename__ = "stopped_address"
    mailbox: str = column(String(32), primary_key=True, personal="stopped_address")
    stopped_at: datetime = column(UTCDateTime, personal=None)


def mailbox(signer: Signer, address: str) -> str:
    """The fingerprint of the mailbox behind an address: `jane+home@` and `Jane@` are one (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return signer.fingerprint("mailbox", f"{local.partition('+')[0]}@{domain}".casefold())[:32]


def link(letterhead: Letterhead, address: str, locale: str) -> str:
    """Where mail to this address is stopped: a page with a button, and the target of one click (RFC 8058)."""
    token = letterhead.signer.sign(PURPOSE, mailbox(letterhead.signer, address))
    return letterhead.link(addresses.stop(locale, token))


def read(signer: Signer, token: str) -> str:
    """The mailbox a link stands for. Raises `TokenRefused`."""
    fingerprint = signer.read(PURPOSE, token)
    if not isinstance(fingerprint, str):
        raise TokenRefused("not one of our tokens")
    return fingerprint


def stop(session: Session, fingerprint: str, now: datetime) -> None:
    """Send this mailbox nothing more; once is enough."""
    insert_ignore(session, table_of(StoppedAddress), {"mailbox": fingerprint, "stopped_at": now})


def undo(session: Session, fingerprint: str) -> None:
    """Let this mailbox have its mail again."""
    affected(session, delete(StoppedAddress).where(col(StoppedAddress.mailbox) == fingerprint))


def is_stopped(session: Session, fingerprint: str) -> bool:
    """Whether this mailbox wants nothing from us."""
    return session.get(StoppedAddress, fingerprint) is not None


def refuse_stopped(session: Session, fingerprint: str) -> None:
    """Raise `Stopped` where this mailbox wants nothing from us."""
    if is_stopped(session, fingerprint):
        raise Stopped("whoever reads this mailbox stopped our mail")
