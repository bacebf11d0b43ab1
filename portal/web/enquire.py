"""The enquiry form at its own address, and what comes of sending it.

A form that is refused comes back filled in: nothing typed is ever lost. One that is taken answers 303 to the status
page, after the lead is durable.
"""

from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db, enquiries
from portal.catalogue import properties as catalogue
from portal.catalogue.rows import Home
from portal.consent.notices import NoticeSuperseded
from portal.enquiries import Enquiry, NotTaken, Received
from portal.language import locales
from portal.language.messages import N_
from portal.web import asking, forms, typed
from portal.web.forms import EnquiryForm
from portal.web.guards import came_from_elsewhere
from portal.web.presenting import Shown
from portal.web.properties import gone, sought
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing

ELSEWHERE = N_("The form was sent from another site, so nothing has been recorded. Check it and send it from here.")
SUPERSEDED = N_("The notice beside the button has changed since you opened the form. Read it and send the form again.")
MISTAKES = N_("Nothing has been sent. What you typed is still below.")


async def show(request: Request) -> Response:
    """The empty form about a home."""
    lang = language(request)
    home = await reading(request, sought, request.path_params["key"])
    if not home.is_visible:
        return await gone(request, home)
    if request.url.path != (address := Shown(lang, db.utcnow()).enquire(home.card)):
        return RedirectResponse(address, 301)
    return await _form(request, home, forms.empty(lang, "alone"))


async def submit(request: Request) -> Response:
    """One enquiry: 303 to its status page once stored, else the form again (422, or 403 when sent from elsewhere)."""
    lang, now = language(request), db.utcnow()
    shown = Shown(lang, now)
    form = forms.sent(await forms.posted(request), lang)
    home, taken = await reading(request, _asked_about, request.path_params["key"], now)
    if not taken:
        return await gone(request, home, form.words.data)
    if came_from_elsewhere(request, site(request).settings.origin):
        return await _form(request, home, form, 403, ELSEWHERE)
    if not form.validate():
        return await _form(request, home, form, 422, MISTAKES)
    try:
        received = await _receive(request, form.enquiry(home, shown, _page(home, form, shown)), now)
    except NoticeSuperseded:
        return await _form(request, home, form, 422, SUPERSEDED)
    except NotTaken:  # it was withdrawn for good between the two readings
        return await gone(request, home, form.words.data)
    token = site(request).signer.sign("status", received.status.nonce)
    return RedirectResponse(addresses.status(lang, token), 303, {"Cache-Control": "no-store"})


async def _receive(request: Request, enquiry: Enquiry, now: datetime) -> Received:
    here = site(request)
    return await writing(request, enquiries.receive, enquiry, here.signer, here.settings.mail_domain, now)


async def _form(
    request: Request, home: Home, form: EnquiryForm, status: int = 200, problem: str | None = None
) -> Response:
    lang, now = language(request), db.utcnow()
    shown = Shown(lang, now)
    asked = await reading(request, asking.about, home, lang, now)
    return await page(
        request, "enquire/enquire.html", lang, status=status, shown=shown, home=home, card=home.card, form=form,
        problem=problem, asking=asked, served=await asking.served(request, asked, lang, now),
        meant=typed.email_meant(form.email.data),
        alternates={other: shown.enquire(home.card, other) for other in locales.SITE},
    )  # fmt: skip


def _asked_about(session: Session, key: str, now: datetime) -> tuple[Home, bool]:
    home = sought(session, key)
    kept = catalogue.by_public_id(session, home.card.public_id)
    return home, catalogue.still_takes_enquiries(kept, now)


def _page(home: Home, form: EnquiryForm, shown: Shown) -> str:
    return shown.address(home.card) if form.shown_on.data == "property" else shown.enquire(home.card)
