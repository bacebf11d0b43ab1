"""Agencies and who receives their leads."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlmodel import Session

from portal import forwarding
from portal.catalogue import agencies, invitations, opening, succession, week
from portal.catalogue.agencies import Agency, AgencyRefused, AgencyUnknown, Contact, ContactUnknown, Office
from portal.catalogue.opening import Change
from portal.catalogue.week import HoursRefused
from portal.commands import context
from portal.commands.context import AsJson, By
from portal.db import utcnow
from portal.forwarding import silence
from portal.language import locales

app = typer.Typer(no_args_is_help=True)
NONE = "none"

Slug = Annotated[str, typer.Argument(help="The agency's name in addresses, such as costa-norte.")]


def _locale(text: str) -> str:
    if text not in locales.SITE:
        raise typer.BadParameter(f"one of {', '.join(locales.SITE)}")
    return text


MailLocale = Annotated[
    str, typer.Option("--locale", parser=_locale, metavar="|".join(locales.SITE), help="The language of its mails.")
]
Hours = Annotated[str | None, typer.Option("--hours", help=f"When it is open: {week.EXAMPLE}. '': not known.")]
TimeZone = Annotated[str | None, typer.Option("--time-zone", help="The office's clock, such as Atlantic/Canary.")]
Holidays = Annotated[
    str | None, typer.Option("--holidays", help="Whose public holidays it keeps, such as ES-AN. '': none.")
]
Days = list[datetime] | None
ClosedOn = Annotated[
    Days, typer.Option("--closed-on", formats=["%Y-%m-%d"], metavar="DATE", help="A further closed day; repeatable.")
]


def _attachments(text: str) -> str:
    if text != NONE and not set(text.split(",")) <= set(agencies.ATTACHMENTS):
        raise typer.BadParameter(f"some of {','.join(agencies.ATTACHMENTS)} with commas between, or {NONE}")
    return text


Attachments = Annotated[
    str | None,
    typer.Option(
        "--attach", parser=_attachments, metavar=f"{','.join(agencies.ATTACHMENTS)}|{NONE}",
        help="What is attached to the mails of its leads, for its software.",
    ),
]  # fmt: skip


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The agency's name as people read it.")],
    town: Annotated[str, typer.Option(help="Where the office is.")],
    email: Annotated[str, typer.Option(help="Who receives the leads, once confirmed by the link mailed there.")],
    contact_name: Annotated[str, typer.Option(help="The person behind that address.")] = "",
    phone: Annotated[str | None, typer.Option(help="The agency's phone number.")] = None,
    street: Annotated[str, typer.Option(help="The office's street and number.")] = "",
    postal_code: Annotated[str, typer.Option(help="The office's postal code.")] = "",
    locale: MailLocale = "es",
    website: Annotated[str | None, typer.Option(help="The agency's own site.")] = None,
    registration: Annotated[str | None, typer.Option(help="Its number in the register of agents.")] = None,
    hours: Hours = None,
    time_zone: TimeZone = None,
    holidays: Holidays = None,
    closed_on: ClosedOn = None,
) -> None:
    """Enter an agency, and mail its contact the link that confirms it."""
    changed = _change(hours, time_zone, holidays, closed_on, None)

    def work(session: Session) -> None:
        contact = agencies.add(
            session, slug, name, town, email, utcnow(), contact_name=contact_name, phone=phone, street=street,
            postal_code=postal_code, locale=locale, website=website, registration=registration,
        )  # fmt: skip
        opening.change(session, agencies.by_slug(session, slug), changed, utcnow())
        _invite(session, contact)

    with context.refusing(AgencyRefused, HoursRefused):
        context.database().write(work)
    context.say(f"{slug} is entered. It takes enquiries once {email} has confirmed by the link just mailed.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every agency, whether it takes enquiries, and its contacts."""
    with context.database().read() as session:
        found = [_described(session, agency) for agency in agencies.everyone(session)]
    if as_json:
        context.print_json(found)
        return
    context.print_table(
        ("AGENCY", "NAME", "ENQUIRIES", "CONTACT", "ROLE", "STATE"),
        [
            (agency["slug"], agency["name"], _taking(agency), contact["email"], contact["role"], _state(contact))
            for agency in found
            for contact in agency["contacts"]
        ],
    )


@app.command()
def silent(as_json: AsJson = False) -> None:
    """Agencies with leads they have not answered after 24 hours of their working time, most leads first."""
    with context.database().read() as session:
        found = silence.silent(session, utcnow())
    rows = [
        {"slug": each.agency.slug, "name": each.agency.name, "phone": each.agency.phone, "leads": each.leads,
         "since": each.since}
        for each in found
    ]  # fmt: skip
    if as_json:
        context.print_json(rows)
        return
    lines = [(row["slug"], row["phone"] or "", str(row["leads"]), context.shown(row["since"])) for row in rows]
    context.print_table(("AGENCY", "PHONE", "LEADS", "SINCE"), lines)


@app.command()
def edit(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    phone: Annotated[str | None, typer.Option(help="A new phone number.")] = None,
    email: Annotated[str | None, typer.Option(help="A new contact, in place of the present one of that role.")] = None,
    contact_name: Annotated[str, typer.Option(help="The person behind the new address.")] = "",
    second: Annotated[bool, typer.Option("--second", help="The new contact stands in for the primary one.")] = False,
    hours: Hours = None,
    time_zone: TimeZone = None,
    holidays: Holidays = None,
    closed_on: ClosedOn = None,
    open_on: Annotated[
        Days, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Takes a closed day back; repeatable.")
    ] = None,
    attach: Attachments = None,
) -> None:
    """Change an agency. A new contact must confirm by the link mailed to it, and whoever receives now must agree.

    Until then the old one receives. `agencies confirm` stands for both, with a reason.
    """
    changed = _change(hours, time_zone, holidays, closed_on, open_on)

    def work(session: Session) -> None:
        agency = agencies.by_slug(session, slug)
        agencies.edit(session, agency, name, phone, None if attach is None else attach.split(","))
        if changed != Change():
            opening.change(session, agency, changed, utcnow())
        if email is not None:
            role = "second" if second else "primary"
            contact = agencies.add_contact(session, agency, email, utcnow(), name=contact_name, role=role)
            _invite(session, contact)

    with context.refusing(AgencyUnknown, AgencyRefused, HoursRefused):
        context.database().write(work)
    context.say(
        f"{slug} is changed."
        + (f" {email} receives its leads once it has confirmed and the present contact agrees." if email else "")
    )


@app.command()
def confirm(
    slug: Slug,
    email: Annotated[str, typer.Option(help="The contact to vouch for.")],
    reason: Annotated[str, typer.Option(help="How you know that this address is the agency's.")],
    by: By = "",
) -> None:
    """Vouch for a contact in place of the links mailed to it and its predecessor, and forward what waited."""
    who, domain = context.operator(by), context.settings().mail_domain

    def work(session: Session) -> int:
        agency, now = agencies.by_slug(session, slug), utcnow()
        agencies.confirm(session, agencies.contact_of(session, agency, email), now, "ops", who, reason)
        return forwarding.forward_parked(session, agency, domain=domain, now=now)

    with context.refusing(AgencyUnknown, ContactUnknown):
        forwarded = context.database().write(work)
    context.say(f"{email} is confirmed for {slug}; {forwarded} waiting leads are on their way.")


@app.command()
def pause(
    slug: Slug,
    reason: Annotated[str, typer.Option(help="Why it takes no enquiries; needed to pause.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Take enquiries again and forward what waited.")] = False,
    by: By = "",
) -> None:
    """Let an agency take no enquiries for a while, or again."""
    if bool(reason) == resume:
        context.refuse("Say --reason TEXT to pause, or --resume.", code=2)
    who, domain = context.operator(by), context.settings().mail_domain

    def work(session: Session) -> int:
        agency, now = agencies.by_slug(session, slug), utcnow()
        if not resume:
            agencies.pause(session, agency, who, reason, now)
            return 0
        agencies.resume(session, agency, who, now)
        return forwarding.forward_parked(session, agency, domain=domain, now=now)

    with context.refusing(AgencyUnknown):
        forwarded = context.database().write(work)
    again = f"{slug} takes enquiries again; {forwarded} waiting leads are on their way."
    context.say(again if resume else f"{slug} is paused: its form is off and new leads wait.")


def _change(
    hours: str | None, time_zone: str | None, holidays: str | None, closed_on: Days, open_on: Days
) -> Change:  # fmt: skip
    closed, reopened = (tuple(day.date() for day in days or ()) for days in (closed_on, open_on))
    return Change(hours, time_zone, holidays, closed, reopened)


def _invite(session: Session, contact: Contact) -> None:
    office = session.get_one(Office, contact.office_id)
    domain, now = context.settings().mail_domain, utcnow()
    invitations.invite(session, contact, office, domain=domain, now=now)
    succession.ask(session, contact, office, domain=domain, now=now)


def _described(session: Session, agency: Agency) -> dict[str, Any]:
    contacts = [
        {
            "email": contact.email, "name": contact.name, "role": contact.role, "office": office.name,
            "town": office.town, "locale": office.locale, "state": contact.state,
            "confirmed_at": contact.confirmed_at, "confirmed_how": contact.confirmed_how,
            "confirmed_by": contact.confirmed_by, "confirmed_reason": contact.confirmed_reason,
            "refused_at": contact.refused_at, "refused_code": contact.refused_code,
        }
        for contact, office in agencies.contacts(session, agency)
    ]  # fmt: skip
    office = agencies.office_of(session, agency)
    return {
        "slug": agency.slug, "name": agency.name, "phone": agency.phone, "website": agency.website,
        "registration": agency.registration, "paused_at": agency.paused_at, "paused_reason": agency.paused_reason,
        "takes_enquiries": agencies.takes_enquiries(session, agency), "attachments": agency.attachments,
        "contacts": contacts, "time_zone": office.time_zone, "opening_hours": office.opening_hours,
        "holidays": office.holidays, "local_holidays": office.local_holidays.split(),
        "working_hours": week.written(opening.hours_of(office).week),
    }  # fmt: skip


def _state(contact: dict[str, Any]) -> str:
    return f"{contact['state']}, mailbox refused" if contact["refused_at"] else contact["state"]


def _taking(agency: dict[str, Any]) -> str:
    if agency["paused_at"]:
        return "paused"
    return "yes" if agency["takes_enquiries"] else "no contact"
