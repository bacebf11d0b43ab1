"""The sum that must always hold: every received lead counts once, under what became of it."""

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from portal import forwarding
from portal.leads import Lead, LeadPerson
from portal.mail.outbox import Mail

# A lead whose person is erased counts as that, but for one that its agency got.
ACCEPTED = 0
# The best of a lead's agency mails decides, in this order; a visitor's mail never counts.
RANKS = (
    ("accepted", ("accepted",)), ("uncertain", ("uncertain",)), ("waiting", ("queued", "sending")),
    ("parked", ("parked",)), ("failed", ("refused",)), ("cancelled", ("cancelled",)),
)  # fmt: skip
FATES = (*(fate for fate, _ in RANKS), "held", "spam", "erased")


def by_fate(session: Session) -> dict[str, int]:
    """How many leads were received, how many met each fate, and how many none (`unaccounted`, always 0)."""
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
    counted = (
        select(fate, func.count())
        .select_from(Lead)
        .outerjoin(LeadPerson, col(LeadPerson.lead_id) == Lead.id)
        .outerjoin(best, best.c.about == "lead:" + col(Lead.reference))
        .group_by(fate)
    )
    found = dict(session.exec(counted).all())
    return {
        "received": sum(found.values()),
        **{name: found.get(name, 0) for name in FATES},
        "unaccounted": found.get("unaccounted", 0),
    }
