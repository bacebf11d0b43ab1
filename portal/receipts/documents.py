"""A receipt for machines: JSON-LD after ISO/IEC TS 27560 in the words of DPV 2.3.

One consent record for each purpose that was consented to or refused, and one record of activities for all that needs
no consent. Made from the same facts as the page. Holds the person nowhere but in what opens the ledger's commitments.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlmodel import Session

from portal import addresses
from portal.consent.choices import VISITOR, Choice
from portal.consent.controller import AUTHORITY, CONTROLLER
from portal.consent.purposes import AGENCY, Purpose
from portal.language.formats import utc
from portal.language.messages import translations
from portal.leads import Disclosure
from portal.ledger import bundles
from portal.ledger.notes import SigningKey
from portal.receipts import terms
from portal.receipts.reading import UNSEEN, Facts

Node = dict[str, Any]


def document(facts: Facts, origin: str, locale: str) -> Node:
    """The receipt of one lead in one language; its links begin with the site's origin."""
    return _Writing(facts, origin, locale).receipt()


def proved(session: Session, facts: Facts, origin: str, locale: str, promise_key: SigningKey | None) -> Node:
    """The same with what the ledger shows of the lead: promises at once, proofs once it is sealed."""
    part = bundles.of_lead(session, facts.lead.reference, promise_key, without=UNSEEN)
    return bundles.attached(document(facts, origin, locale), part, promise_key)


class _Writing:
    """One receipt while it is written: its facts, and what its parts are called."""

    def __init__(self, facts: Facts, origin: str, locale: str) -> None:
        self.facts, self.origin, self.locale = facts, origin, locale
        self.reference = facts.lead.reference
        self.subject, self.controller, self.agency = (self._name(part) for part in ("person", "recorder", "agency"))
        self.contact = f"{origin}{addresses.contact(locale)}"

    def receipt(self) -> Node:
        plain = [purpose for purpose in self.facts.purposes if not purpose.opt_in]
        asked = [purpose for purpose in self.facts.purposes if self.facts.choices_of(purpose)]
        return {
            "@context": terms.CONTEXT,
            "@id": self._name("receipt"),
            "@type": "dpv:ConsentReceipt",
            **self._identified(self.reference, terms.RECEIPT),
            "schema:schemaVersion": terms.VOCABULARY,
            "dct:created": utc(self.facts.issued_at),
            "dct:language": self.locale,
            "dct:publisher": self.controller,
            "dpv:hasRecordOfActivity": [self._activities(plain), *(self._consent(purpose) for purpose in asked)],
        }

    def _activities(self, purposes: Sequence[Purpose]) -> Node:
        return {
            "@id": self._name("activities"),
            "@type": "dpv:RecordsOfActivities",
            **self._identified(f"{self.reference}/enquiry", terms.RECORD),
            **self._record(terms.RIGHTS),
            "dct:created": utc(self.facts.lead.received_at),
            "dpv:hasProcess": [self._process(purpose) for purpose in purposes],
        }

    def _consent(self, purpose: Purpose) -> Node:
        control = {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": self.contact}
        given = {"@type": "dpv:ProvideConsent", "dpv:isExercisedAt": f"{self.origin}{self.facts.lead.page}"}
        return {
            "@id": self._name(purpose.code),
            "@type": "dpv:ConsentRecord",
            **self._identified(f"{self.reference}/{purpose.code}", terms.RECORD),
            **self._record(("A7-3", *terms.RIGHTS)),
            "dct:created": utc(self.facts.choices_of(purpose)[0].at),
            "dpv:hasConsentControl": [given, control],
            "dpv:hasProcess": [self._process(purpose)],
            "dpv:hasConsentStatus": [self._state(choice) for choice in self.facts.choices_of(purpose)],
        }

    def _identified(self, identifier: str, schema: Sequence[str]) -> Node:
        # The standard's guide wants one property in its table and the other in its examples.
        return {"dct:identifier": identifier, "dpv:hasIdentifier": identifier, "dct:conformsTo": list(schema)}

    def _record(self, rights: Sequence[str]) -> Node:
        """What every record says whatever it is about."""
        return {
            "dpv:hasDataSubject": self.subject,
            "dpv:hasJurisdiction": terms.country("ES"),
            "dpv:hasApplicableLaw": "legal-eu:law-GDPR",
            "dpv:hasAuthority": "legal-es:DPA-ES",
            "dpv:hasEntity": [self._person(), self._recorder(), self._agency()],
            "dpv:hasNotice": self._notices(),
            "dpv:hasRight": [
                *(self._right(article, self.contact) for article in rights),
                self._right("A77", AUTHORITY[1]),
            ],
        }

    def _notices(self) -> list[Node]:
        notice, policy = self.facts.notice, self.facts.policy
        assert policy.effective_at is not None  # it was shown
        return [
            {
                "@type": "dpv:ConsentNotice", "dct:date": utc(notice.first_served_at), "dct:language": notice.locale,
                "dct:description": {"@value": notice.text, "@language": notice.locale}, "im:sha256": notice.sha256,
                "im:formVersion": notice.form_version,
            },
            {
                "@type": "dpv:PrivacyNotice", "dct:date": utc(policy.effective_at), "dct:language": policy.locale,
                "dct:title": {"@value": policy.title, "@language": policy.locale}, "im:sha256": policy.body_sha256,
                "dct:source": f"{self.origin}{addresses.policy(self.locale, policy.document, policy.number)}",
            },
        ]  # fmt: skip

    def _process(self, purpose: Purpose) -> Node:
        passes_on = any(each["kind"] == AGENCY for each in purpose.recipients)
        passed = [self._passed(disclosure) for disclosure in self.facts.disclosures] if passes_on else []
        return {
            "@id": self._name(f"{purpose.code}/process"),
            "@type": "dpv:Process",
            "dct:title": self._said(purpose, purpose.title),
            "dct:description": self._said(purpose, purpose.text),
            "dpv:hasPurpose": purpose.dpv,
            "dpv:hasLegalBasis": purpose.basis_iri,
            "dpv:hasPersonalData": [data["iri"] for data in purpose.data],
            "dpv:hasNecessity": "dpv:Optional" if purpose.opt_in else "dpv:Required",
            "dpv:hasProcessing": [*terms.PROCESSING, *(["dpv:Disclose"] if passes_on else [])],
            "dpv:hasDataSource": "dpv:DataSubjectDataSource",
            "dpv:hasDataController": self.controller,
            "dpv:hasRecipient": self._recipients(purpose),
            "dpv:hasStorageCondition": self._storage(purpose),
            **({"dpv:hasProcess": passed} if passed else {}),
        }

    def _recipients(self, purpose: Purpose) -> list[str | Node]:
        # Whoever else receives the data; where nobody does, it is the controller who has it, and that is said too.
        others: list[str | Node] = [
            self.agency
            if each["kind"] == AGENCY
            else {"@type": "dpv:Recipient", "dpv:hasName": purpose.says(each["text"], self.locale)}
            for each in purpose.recipients
        ]
        return others or [self.controller]

    def _storage(self, purpose: Purpose) -> list[Node]:
        places: list[Node] = [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": terms.country(code)} for code in purpose.locations
        ]
        transfers: list[Node] = [
            {
                "@type": "dpv:StorageLocation", "dpv:hasLocation": terms.country(each["country"]),
                "dpv:hasLegalBasis": each["iri"], "dct:description": self._said(purpose, each["text"]),
                **({"dct:valid": each["until"]} if each.get("until") else {}),
            }
            for each in purpose.transfers
        ]  # fmt: skip
        kept = {
            "@type": "dpv:StorageDuration", "dct:description": self._said(purpose, purpose.retention_text),
            "dpv:hasDuration": _period(purpose.retention),
        }  # fmt: skip
        return [*places, *transfers, kept]

    def _passed(self, disclosure: Disclosure) -> Node:
        """One time the lead was passed on, or is being passed on, as it happened."""
        done = disclosure.passed_at is not None
        return {
            "@id": self._name(f"disclosure/{disclosure.id}"),
            "@type": "dpv:Process",
            "dpv:hasProcessing": "dpv:Disclose",
            "dpv:hasDataController": self.controller,
            "dpv:hasRecipient": self.agency,
            "dpv:hasActivityStatus": "dpv:ActivityCompleted" if done else "dpv:ActivityOngoing",
            "dct:created": utc(disclosure.intended_at),
            **({"dct:issued": utc(disclosure.passed_at)} if disclosure.passed_at else {}),
        }

    def _state(self, choice: Choice) -> Node:
        # A consent holds until its day; a no, once said, until the person says otherwise.
        until_asked = {"@type": "dpv:UntilEventDuration", "rdf:value": "until another choice is made"}
        return {
            "@type": [terms.STATES[choice.state], "dpv:ExpressedConsent"],
            "dpv:isIndicatedBy": self.subject if choice.by == VISITOR else self.controller,
            "dpv:isIndicatedAtTime": utc(choice.at),
            "dpv:hasIndicationMethod": f"{choice.control}: {choice.label}",
            "dpv:hasDuration": until_asked if choice.expires_at is None else _days(choice.expires_at - choice.at),
        }

    def _person(self) -> Node:
        # A pseudonym: name and addresses stand in the ledger's person half alone.
        return {"@id": self.subject, "@type": "dpv:DataSubject", "dpv:hasIdentifier": f"{self.reference}/person"}

    def _recorder(self) -> Node:
        _ = translations(self.locale).gettext
        name, street, town, land = CONTROLLER
        return {
            "@id": self.controller, "@type": "dpv:DataController", "dpv:hasIdentifier": self.origin,
            "dpv:hasName": name, "dpv:hasAddress": f"{street}, {town}, {_(land)}", "dpv:hasContact": self.contact,
        }  # fmt: skip

    def _agency(self) -> Node:
        agency, office = self.facts.agency, self.facts.office
        parts = (office.street, f"{office.postal_code} {office.town}".strip())
        page = f"{self.origin}{addresses.agency(self.locale, agency.slug)}"
        return {
            "@id": self.agency, "@type": ["dpv:Recipient", "dpv:DataController"], "dpv:hasIdentifier": agency.slug,
            "dpv:hasName": agency.name, "dpv:hasAddress": ", ".join(part for part in parts if part),
            "dpv:hasContact": agency.phone or page,
        }  # fmt: skip

    def _right(self, article: str, where: str) -> Node:
        return {"@type": ["dpv:DataSubjectRight", f"eu-gdpr:{article}"], "dpv:isExercisedAt": where}

    def _said(self, purpose: Purpose, message: str) -> Node:
        return {"@value": purpose.says(message, self.locale), "@language": self.locale}

    def _name(self, part: str) -> str:
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{self.origin}/{self.reference}/{part}')}"


def _days(length: timedelta) -> Node:
    return _period(f"P{length.days}D")


def _period(period: str) -> Node:
    return {"@type": "dpv:TemporalDuration", "rdf:value": {"@value": period, "@type": "xsd:duration"}}
