"""Who publishes and who receives: agencies entered by ops, contacts that count once confirmed, pauses, blocks."""

from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlmodel import Session, select

from portal.catalogue import agencies, opening, properties, versions
from portal.catalogue.agencies import AgencyRefused, ContactUnknown, Office
from portal.catalogue.opening import Change
from portal.catalogue.properties import PropertyAmbiguous, PropertyNotBlocked, PropertyUnknown
from portal.catalogue.week import HoursRefused
from portal.ledger import LedgerEvent, LedgerPayload
from portal.settings import ROOT
from tests import cast
from tests.cast import NOW

LATER = NOW + timedelta(hours=1)


def enter(session: Session, slug: str = "nerja-casas", email: str = "info@nerja.example", **details):
    return agencies.add(session, slug, "Nerja Casas", "Nerja", email, NOW, **details)


def events(database, kind):
    with database.read() as session:
        found = session.exec(select(LedgerPayload).join(LedgerEvent).where(LedgerEvent.type == kind)).all()
        return [payload.payload.decode() for payload in found]


def receives(session, agency):
    found = agencies.recipient(session, agency.id)
    return found and found[0].email


def test_an_agency_is_entered_with_its_office_and_a_contact_that_still_has_to_confirm(database):
    database.write(lambda session: enter(session, street="Calle Real 1", postal_code="29780", locale="en"))
    with database.read() as session:
        agency = agencies.by_slug(session, "nerja-casas")
        ((contact, office),) = agencies.contacts(session, agency)
        assert (contact.email, contact.role, contact.state) == ("info@nerja.example", "primary", "waiting")
        assert (office.town, office.street, office.locale) == ("Nerja", "Calle Real 1", "en")
        assert not agencies.takes_enquiries(session, agency)


@pytest.mark.parametrize("slug", ["Nerja Casas", "nerja/casas", "", "ñ", "a" * 61])
def test_a_slug_that_cannot_stand_in_an_address_is_refused(database, slug):
    with pytest.raises(AgencyRefused, match="address"):
        database.write(lambda session: enter(session, slug))


@pytest.mark.parametrize("email", ["", "info", "a@b@c", "info@nerja.example\nBcc: x@y.example", "info @nerja.example"])
def test_an_address_that_is_none_is_refused_and_nothing_is_entered(database, email):
    with pytest.raises(AgencyRefused, match="not an e-mail address"):
        database.write(lambda session: enter(session, email=email))
    with database.read() as session:
        assert agencies.everyone(session) == []
        assert session.exec(select(Office)).all() == []


def test_a_slug_is_given_once(database):
    database.write(enter)
    with pytest.raises(AgencyRefused, match="already"):
        database.write(enter)


def test_a_new_contact_takes_over_only_once_confirmed_and_retires_the_old_one(database):
    def replace(session):
        agency = cast.agency(session)
        return agency, agencies.add_contact(session, agency, "new@agency.example", NOW)

    agency, added = database.write(replace)
    with database.read() as session:
        assert receives(session, agency) == "costa-norte@agency.example"
    database.write(lambda session: agencies.confirm(session, session.merge(added), LATER, "link"))
    with database.read() as session:
        assert receives(session, agency) == "new@agency.example"
        states = {contact.email: contact.state for contact, _ in agencies.contacts(session, agency)}
        assert states == {"costa-norte@agency.example": "retired", "new@agency.example": "confirmed"}


def test_an_older_invitation_does_not_take_over_from_a_newer_contact(database):
    def invite_twice(session):
        agency = cast.agency(session)
        older = agencies.add_contact(session, agency, "older@agency.example", NOW)
        newer = agencies.add_contact(session, agency, "newer@agency.example", NOW)
        agencies.confirm(session, newer, LATER, "link")
        agencies.confirm(session, older, LATER, "link")
        return agency

    agency = database.write(invite_twice)
    with database.read() as session:
        assert receives(session, agency) == "newer@agency.example"


def test_a_second_contact_leaves_the_primary_one_in_place(database):
    def second(session):
        agency = cast.agency(session)
        agencies.confirm(
            session, agencies.add_contact(session, agency, "b@agency.example", NOW, role="second"), NOW, "link"
        )
        return agency

    agency = database.write(second)
    with database.read() as session:
        assert receives(session, agency) == "costa-norte@agency.example"


def test_an_address_is_a_contact_once(database):
    with pytest.raises(AgencyRefused, match="already"):
        database.write(
            lambda session: agencies.add_contact(session, cast.agency(session), "costa-norte@agency.example", NOW)
        )


def test_ops_vouch_for_a_contact_with_a_reason_that_is_recorded_once(database):
    def vouch(session):
        contact, agency = enter(session), agencies.by_slug(session, "nerja-casas")
        found = agencies.contact_of(session, agency, "INFO@nerja.example")
        assert found is contact
        for _ in range(2):
            agencies.confirm(session, contact, LATER, "ops", "Ana", "rang the office")
        return agency

    agency = database.write(vouch)
    with database.read() as session:
        ((contact, _),) = agencies.contacts(session, agency)
        assert (contact.confirmed_how, contact.confirmed_by, contact.confirmed_reason) == (
            "ops", "Ana", "rang the office"
        )  # fmt: skip
    (event,) = events(database, "contact_confirmed")
    assert '"how":"ops"' in event and "nerja.example" not in event


def test_a_contact_nobody_entered_cannot_be_vouched_for(database):
    with pytest.raises(ContactUnknown, match="no such contact"):
        database.write(lambda session: agencies.contact_of(session, cast.agency(session), "who@agency.example"))


def test_an_office_that_would_never_open_is_refused(database, monkeypatch):
    monkeypatch.setattr("portal.catalogue.hours.HORIZON", timedelta(days=3))  # in place of ten years of holidays
    with pytest.raises(HoursRefused, match="never opens"):
        database.write(
            lambda session: opening.change(session, cast.agency(session), Change(hours="Su 10:00-12:00"), NOW)
        )


def test_new_hours_raise_the_site_version(database):
    database.write(cast.agency)

    def change(session):
        agency = agencies.by_slug(session, "costa-norte")
        opening.change(session, agency, Change(hours="Mo-Fr 09:00-15:00"), NOW)
        return session.scalar(select(versions.NUMBER))

    before = database.write(change)
    with database.read() as session:
        assert session.scalar(select(versions.NUMBER)) == before + 1


def test_offices_from_before_get_the_clock_and_holidays_of_spain_and_no_hours(database):
    agency = database.write(cast.agency)
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.downgrade(configuration, "0019")
    command.downgrade(configuration, "-1")
    command.upgrade(configuration, "head")
    with database.read() as session:
        office = agencies.office_of(session, agency)
        assert (office.time_zone, office.holidays, office.local_holidays) == ("Europe/Madrid", "ES", "")
        assert (office.opening_hours, office.street) == (None, "Avenida del Prado 14")


def test_closed_days_are_bounded_and_those_long_past_go(database):
    days = [(NOW + timedelta(days=ahead)).date() for ahead in range(1, 102)]

    def close(session, days, now=NOW):
        agency = agencies.by_slug(session, "costa-norte")
        opening.change(session, agency, Change(closed_on=days), now)
        return agencies.office_of(session, agency).local_holidays.split()

    database.write(cast.agency)
    with pytest.raises(HoursRefused, match="more than 100"):
        database.write(lambda session: close(session, days))
    assert len(database.write(lambda session: close(session, days[:100]))) == 100
    later = NOW + timedelta(days=900)
    assert database.write(lambda session: close(session, [later.date()], later)) == [later.date().isoformat()]


def test_a_paused_agency_takes_no_enquiries_until_it_resumes(database):
    def pause(session):
        agency = cast.agency(session)
        agencies.pause(session, agency, "Ana", "on holiday", NOW)
        return agencies.takes_enquiries(session, agency)

    def resume(session):
        agency = agencies.by_slug(session, "costa-norte")
        agencies.resume(session, agency, "Ana", LATER)
        return agencies.takes_enquiries(session, agency), agency.paused_reason

    assert database.write(pause) is False
    assert database.write(resume) == (True, None)
    assert "on holiday" in events(database, "agency_paused")[0]
    assert len(events(database, "agency_resumed")) == 1


def test_a_blocked_property_is_off_the_site_and_comes_back_as_its_feed_left_it(database):
    home = database.write(lambda session: cast.home(session, cast.agency(session)))

    def block(session):
        found = properties.named(session, home.public_id)
        properties.block(session, found, "Ana", "the owner objects", NOW)
        return properties.is_visible(found), properties.still_takes_enquiries(found, NOW)

    def unblock(session):
        found = properties.named(session, "MB-1042")
        properties.unblock(session, found, "Ana", "settled", LATER)
        return found.state, found.blocked_reason

    assert database.write(block) == (False, False)
    assert database.write(unblock) == ("published", None)
    with pytest.raises(PropertyNotBlocked):
        database.write(unblock)
    assert "the owner objects" in events(database, "property_blocked")[0]


@pytest.mark.parametrize(
    ("left", "back"), [({"withdrawn_at": NOW}, "withdrawn"), ({"published_at": None}, "pending"), ({}, "published")]
)
def test_a_property_withdrawn_or_never_published_is_not_published_by_unblocking(database, left, back):
    def round_trip(session):
        home = cast.home(session, cast.agency(session), **left)
        properties.block(session, home, "Ana", "duplicate", NOW)
        properties.unblock(session, home, "Ana", "none after all", NOW)
        return home.state

    assert database.write(round_trip) == back


def test_a_reference_two_agencies_use_names_neither(database):
    def two(session):
        return [cast.home(session, cast.agency(session, slug), reference="R1") for slug in ("one", "two")]

    homes = database.write(two)
    with database.read() as session:
        with pytest.raises(PropertyAmbiguous) as ambiguous:
            properties.named(session, "R1")
        assert all(home.public_id in str(ambiguous.value) for home in homes)
        assert properties.named(session, homes[0].public_id).id == homes[0].id
        with pytest.raises(PropertyUnknown):
            properties.named(session, "R2")
