"""The first layer beside the form: what the law asks for, from the rows of the purposes, in every language."""

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Office
from portal.consent import controller, founding, notices, policies, purposes
from portal.consent.notices import FirstLayer, Notice, NoticeSuperseded
from portal.consent.policies import PolicyVersion
from portal.db import Database
from portal.language import formats, locales
from portal.language.messages import translated
from portal.signing import Signer
from tests import cast
from tests.cast import NOW, SIGNER

Shown = tuple[Agency, Office, PolicyVersion]


@pytest.fixture
def shown(database: Database) -> Shown:
    def fill(session: Session) -> Shown:
        policy, agency = cast.policy(session), cast.agency(session)
        found = agencies.recipient(session, agency.id or 0)
        assert found is not None
        return agency, found[1], policy

    return database.write(fill)


def layer(database: Database, shown: Shown, locale: str = "en") -> FirstLayer:
    with database.read() as session:
        return notices.first_layer(*shown, purposes.in_force(session, NOW), locale)


def serve(database: Database, shown: Shown, layer: FirstLayer, policy_id: int | None = None) -> Notice:
    return notices.served(database, shown[0], layer, policy_id or shown[2].id or 0, "en", NOW)


@pytest.mark.parametrize("locale", locales.SITE)
def test_a_first_layer_names_all_that_the_law_asks_for(database, shown, locale):
    """Controller, purposes, bases, recipients and where data is kept, rights, further information: six rows."""
    told = layer(database, shown, locale)
    labels = ("Responsible", "Purpose", "Basis", "Recipients", "Rights", "More information")
    assert [label for label, _ in told.rows] == [translated(locale, label) for label in labels]
    who, purpose, basis, recipients, rights, more = (says for _, says in told.rows)
    assert who == controller.CONTROLLER[0]
    for why in founding.first_purposes():
        assert why.says(why.text, locale) in purpose and why.says(why.basis_text, locale) in basis
    assert recipients.startswith("Costa Norte Homes, Avenida del Prado 14, Marbella.")
    assert all(formats.country(country, locale) in recipients for country in ("ES", "FR", "GB"))
    assert formats.date_of("2031-12-27", locale) in recipients
    assert translated(locale, "Withdraw a consent at any time.") in rights and "AEPD" in rights
    assert formats.date_of("2021-08-12", locale) in more
    assert "Costa Norte Homes, Marbella" in told.sentence
    if locale != "en":
        english = layer(database, shown)
        assert not {says for _, says in told.rows[1:]} & {says for _, says in english.rows}
        assert told.sentence != english.sentence and told.controls[0]["label"] != english.controls[0]["label"]


def test_what_is_kept_is_the_text_with_its_purposes_and_boxes(database, shown):
    told = layer(database, shown)
    kept = serve(database, shown, told)
    assert kept.text.splitlines()[-1] == "[ ] ImmoMarket may also e-mail me about similar homes."
    assert [box["control"] for box in kept.controls] == ["marketing"]
    with database.read() as session:
        made_from = [why.code for why in notices.purposes_of(session, kept)]
        assert made_from == [why.code for why in purposes.in_force(session, NOW)]


def test_the_same_notice_is_kept_once_and_another_policy_or_purpose_is_another_notice(database, shown):
    told = layer(database, shown)
    first, again = serve(database, shown, told), serve(database, shown, told)
    assert first.id == again.id
    other = database.write(
        lambda session: policies.add(
            session, "data-policy", "es", "Política de datos", "x\n", "2021-08-12", founding.EFFECTIVE, "ops"
        )
    )
    assert serve(database, shown, told, other.id).id != first.id
    # The rows differ in what the first layer does not say: the notice is another one all the same.
    assert serve(database, shown, replace(told, purposes="1 2 3 5")).id != first.id


def test_a_token_names_the_purposes_and_is_good_for_no_others(database, shown):
    kept = serve(database, shown, layer(database, shown))
    with database.read() as session:
        presented = notices.token(SIGNER, kept)
        assert notices.shown(session, SIGNER, presented, kept.agency_id, NOW).id == kept.id
        forged = [kept.id, kept.locale, kept.form_version, kept.agency_id, "1 2"]
        for wrong in (SIGNER.sign("notice", forged), notices.token(Signer("x" * 40), kept)):
            with pytest.raises(NoticeSuperseded):
                notices.shown(session, SIGNER, wrong, kept.agency_id, NOW)


def test_a_notice_of_before_there_were_rows_has_the_purposes_of_its_time(database, shown):
    serve(database, shown, replace(layer(database, shown), purposes=""))
    with database.read() as session:
        old = session.exec(select(Notice)).one()
        assert notices.purposes_of(session, old)[0].code == "enquiry"
        without = SIGNER.sign("notice", [old.id, old.locale, old.form_version, old.agency_id])
        assert notices.shown(session, SIGNER, without, old.agency_id, NOW).id == old.id
