"""The figures of the whole installation, as Prometheus reads them (text format 0.0.4).

From the database what became of leads, mails, pictures and feeds, so that they are right whichever process did it; from
the serving processes how their requests went. No label holds a person, and each takes few values.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Text, cast, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from portal import alerts, db, leases
from portal.catalogue import agencies
from portal.catalogue.collecting import PhotoFetch
from portal.catalogue.photos import Media
from portal.enquiries import screening
from portal.feeds.records import Feed, FeedRun
from portal.forwarding import reckoning
from portal.leads import Lead
from portal.mail import outbox, returning
from portal.web import watching
from portal.web.site import Site, site
from portal.web.transactions import in_thread

LATELY = timedelta(days=1)


class _Collected(Collector):
    """Families that are made already."""

    def __init__(self, families: list[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self.families


async def show(request: Request) -> Response:
    """Every figure; without a database those of the requests alone, and `portal_database_up 0`."""
    body = await in_thread(request, _exposition, site(request))
    return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _exposition(here: Site) -> bytes:
    registry = CollectorRegistry()
    try:
        with here.database.read() as session:
            families = _figures(session, db.utcnow())
    except SQLAlchemyError:
        families = []
    up = _gauge("portal_database_up", "Whether the database answers.", {"": bool(families)})
    registry.register(_Collected([up, *families, watching.written(watching.place(here.settings))]))
    return generate_latest(registry)


def _figures(session: Session, now: datetime) -> list[Metric]:
    fates = reckoning.by_fate(session)
    oldest = outbox.oldest_waiting(session)
    beat = leases.latest(session, now)
    returned = len(returning.for_a_person(session))
    refuses = alerts.level(session, alerts.REFUSES)
    refused = len(agencies.refused(session))
    return [
        _gauge("portal_leads_received", "Leads recorded.", {"": fates.pop("received")}),
        _gauge("portal_leads", "Leads by what became of them.", fates, "fate"),
        *_screened(session, now),
        _gauge("portal_mails", "Mails by state.", outbox.counts(session), "state"),
        _gauge("portal_mail_oldest_seconds", "Age of the oldest mail still to be sent.", _since(oldest, now)),
        _gauge("portal_alert_level", "Steps the alert about waiting mail has passed.", {"": alerts.level(session)}),
        _gauge("portal_relay_refuses", "Whether a relay refuses us by our setup.", {"": refuses}),
        _gauge("portal_mail_returned", "Mails that came back and wait for a person.", {"": returned}),
        _gauge("portal_contacts_refused", "Agencies' mailboxes that were refused.", {"": refused}),
        _gauge("portal_worker_seconds", "Since the last sign of life of any worker.", _since(beat, now)),
        _gauge("portal_pictures", "Pictures given to the photo store, by state.", _pictures(session), "state"),
        _gauge("portal_picture_addresses", "Addresses that gave no picture yet.", _addresses(session), "state"),
        *_feeds(session, now),
    ]


def _screened(session: Session, now: datetime) -> list[Metric]:
    # As many rows as there are different sets of reasons: points go with their code.
    reasons = cast(col(Lead.screening_reasons), Text)
    rows = session.execute(
        select(Lead.screening, reasons, func.count())
        .where(Lead.received_at > now - LATELY)
        .group_by(col(Lead.screening), reasons)
    ).all()
    outcomes: Counter[str] = Counter(dict.fromkeys(("forward", "held", "spam"), 0))
    codes: Counter[str] = Counter(dict.fromkeys(screening.EXPLAINED, 0))
    for outcome, given, number in rows:
        outcomes[outcome] += number
        for code, _ in json.loads(given):
            codes[code if code in screening.EXPLAINED else "other"] += number
    return [
        _gauge("portal_screening", "Leads of the last 24 hours by where their screening stands.", outcomes, "outcome"),
        _gauge("portal_screening_reasons", "Leads of the last 24 hours by each reason against them.", codes, "reason"),
    ]


def _feeds(session: Session, now: datetime) -> list[Metric]:
    latest = select(func.max(FeedRun.id)).group_by(col(FeedRun.feed_id))
    rows = session.execute(
        select(Feed.slug, FeedRun.outcome, FeedRun.finished_at)
        .join(FeedRun, col(FeedRun.feed_id) == Feed.id)
        .where(col(FeedRun.id).in_(latest))
    ).all()
    good = {slug: outcome == "applied" for slug, outcome, _ in rows}
    ages = {slug: _age(finished, now) for slug, _, finished in rows}
    return [
        _gauge("portal_feed_applied", "Whether a feed's last run was applied.", good, "feed"),
        _gauge("portal_feed_run_seconds", "Since a feed's last run.", ages, "feed"),
    ]


def _addresses(session: Session) -> dict[str, int]:
    given_up = col(PhotoFetch.due_at).is_(None)
    found = dict(session.execute(select(given_up, func.count()).group_by(given_up)).all())
    return {"waiting": found.get(False, 0), "given_up": found.get(True, 0)}


def _pictures(session: Session) -> dict[str, int]:
    found = dict(session.exec(select(Media.state, func.count()).group_by(Media.state)).all())
    return {state: found.get(state, 0) for state in ("new", "ready", "refused")}


def _since(then: datetime | None, now: datetime) -> dict[str, float]:
    return {"": _age(then, now)} if then else {}  # no sample where there is nothing to measure


def _age(then: datetime, now: datetime) -> float:
    return (now - then).total_seconds()


def _gauge(name: str, told: str, values: Mapping[str, float], label: str = "") -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label] if label else [])
    for value_of, value in values.items():
        family.add_metric([value_of] if label else [], value)
    return family
