"""The sum that must always hold: every received lead counts once, under what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Case, Subquery, case, func
from sqlmodel import Session, col, select

from portal import forwarding
from portal.leads import Lead, LeadPerson
from portal.mail.mails import REACHED, Mail

# A lead whose person is erased counts as that, but for one that its agency got.
ACCEPTED = 0
# The best of a lead's agency mails decides, in this order; a visitor's mail never counts.
RANKS = (
    ("accepted", REACHED), ("uncertain", ("uncertain",)), ("waiting", ("queued", "sending")),
    ("parked", ("parked",)), ("failed", ("refused", "bounced")), ("cancelled", ("cancelled",)),
)  # fmt: skip
FATES = (*(fate for fate, _ in RANKS), "held", "spam", "erased")


def by_fate(session: Session) -> dict[str, int]:
    """How many leads were received, how many met each fate, and how many none (`unaccounted`, always 0)."""
    best, fate = _fate()
    found = dict(session.exec(_of_leads(select(fate, func.count()), best).group_by(fate)).all())
    return {
        "received": sum(found.values()),
        **{name: found.get(name, 0) for name in FATES},
        "unaccounted": found.get("unaccounted", 0),
    }


def unreached(session: Session, limit: int) -> tuple[int, list[tuple[str, datetime]]]:
    """How many leads stand parked or failed, and of the oldest the reference and when it was received."""
    best, fate = _fate()
    waits = fate.in_(("parked", "failed"))
    number = session.exec(_of_leads(select(func.count()), best).where(waits)).one()
    oldest = _of_leads(select(col(Lead.reference), col(Lead.received_at)), best).where(waits)
    return number, [(row[0], row[1]) for row in session.exec(oldest.order_by(col(Lead.id)).limit(limit))]


def _fate() -> tuple[Subquery, Case[str]]:
    rank = case(*((col(Mail.state).in_(states), place) for place, (_, states) in enumerate(RANKS)))
    best = (
        select(col(Mail.about).label("about"), func.min(rank).label("rank"))
        .where(Mail.kind == forwarding.KIND)
        .group_by(col(Mail.about))
        .subquery()
    )
    fate = case(
        (col(LeadPerson.lead_id).is_(None) & (func.coalesce(best.c.rank, -1) != ACCEPTED), "erased"),
        (col(Lead.screening) != "forward", col(Lead.screening)),
        (col(Lead.parked_reason).is_not(None), "parked"),
        *((best.c.rank == place, name) for place, (name, _) in enumerate(RANKS)),
        else_="unaccounted",
    )
    return best, fate


def _of_leads(asked: Any, best: Subquery) -> Any:
    return (
        asked.select_from(Lead)
        .outerjoin(LeadPerson, col(LeadPerson.lead_id) == Lead.id)
        .outerjoin(best, best.c.about == "lead:" + col(Lead.reference))
    )
