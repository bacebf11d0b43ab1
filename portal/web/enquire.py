"""The enquiry form at its own address, and what comes of sending it.

A form that is refused comes back filled in: nothing typed is ever lost. One that is taken answers 303 to the status
page, after the lead is durable.
"""

from datetime import datetime

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db
from portal.catalogue import properties as catalogue
from portal.catalogue.rows import Home
from portal.consent.notices import NoticeSuperseded
from portal.enquiries import receiving
from portal.enquiries.receiving import Enquiry, NotTaken, Received
from portal.enquiries.signals import Sending
from portal.language import locales
from portal.language.messages import N_
from portal.limits import TooMany
from portal.web import asking, forms, typed
from portal.web.forms import EnquiryForm
from portal.web.guards.bodies import posted
from portal.web.presenting import Shown
from portal.web.properties import gone, sought
from portal.web.rendering import PUBLIC, page
from portal.web.site import language, site
from portal.web.transactions import reading, writing

ELSEWHERE = N_("The form was sent from another site, so nothing has been recorded. Check it and send it from here.")
SUPERSEDED = N_("The notice beside the button has changed since you opened the form. Read it and send the form again.")
TOO_MANY = N_(
    "More enquiries come in at the moment than we can take. Nothing has been recorded: please send yours again later."
)
MISTAKES = N_("Nothing has been sent. What you typed is still below.")
# What a sender's program says of itself; nothing that tells one visitor from another beyond that is looked at.
TELLING = frozenset({
    "accept", "accept-encoding", "accept-language", "connection", "content-type", "origin", "referer",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "user-agent",
})  # fmt: skip
LONGEST_HEADER = 500  # characters that are looked at


async def show(request: Request) -> Response:
    """The empty form about a home."""
    lang = language(request)
    home = await reading(request, sought, request.path_params["key"])
    if not home.is_visible:
        return await gone(request, home)
    if request.url.path != (address := Shown(lang, db.utcnow()).enquire(home.card)):
        return RedirectResponse(address, 301, PUBLIC)
    return await _form(request, home, forms.empty(lang, "alone"))


async def submit(request: Request) -> Response:
    """One enquiry: 303 to its status page once stored, else the form again (422; 503 where a ceiling is reached)."""
    lang, now = language(request), db.utcnow()
    shown = Shown(lang, now)
    form = forms.sent(await posted(request), lang)
    home, taken = await reading(request, _asked_about, request.path_params["key"], now)
    if not taken:
        return await gone(request, home, form.words.data)
    if not form.validate():
        return await _form(request, home, form, 422, MISTAKES)
    try:
        enquiry = form.enquiry(home, shown, _page(home, form, shown))
        received = await _receive(request, enquiry, _sending(request, form), now)
    except NoticeSuperseded:
        return await _form(request, home, form, 422, SUPERSEDED)
    except TooMany as refused:
        busy = await _form(request, home, form, 503, TOO_MANY)
        busy.headers["Retry-After"] = str(refused.retry_after_seconds)
        return busy
    except NotTaken:  # it was withdrawn for good between the two readings
        return await gone(request, home, form.words.data)
    token = site(request).signer.sign("status", received.status.nonce)
    return RedirectResponse(addresses.status(lang, token), 303, {"Cache-Control": "no-store"})


async def returned(request: Request) -> Response:
    """The form of an enquiry that another site sent: filled in, to be sent from here (403)."""
    form = forms.sent(await posted(request), language(request))
    home, taken = await reading(request, _asked_about, request.path_params["key"], db.utcnow())
    return await (_form(request, home, form, 403, ELSEWHERE) if taken else gone(request, home, form.words.data))


async def _receive(request: Request, enquiry: Enquiry, sending: Sending, now: datetime) -> Received:
    here = site(request)
    return await writing(request, receiving.receive, enquiry, sending, here.signer, here.settings, now)


def _sending(request: Request, form: EnquiryForm) -> Sending:
    told = ((name.lower(), value[:LONGEST_HEADER]) for name, value in request.headers.items())
    headers = tuple(
        (name, value.partition("?")[0] if name == "referer" else value) for name, value in told if name in TELLING
    )
    return Sending(request.client.host if request.client else "", form.afterword.data, headers)


async def _form(
    request: Request, home: Home, form: EnquiryForm, status: int = 200, problem: str | None = None
) -> Response:
    lang, now = language(request), db.utcnow()
    shown = Shown(lang, now)
    asked = await reading(request, asking.about, home, lang, now)
    return await page(
        request, "enquire/enquire.html", lang, status=status, shown=shown, home=home, card=home.card, form=form,
        problem=problem, asking=asked, served=await asking.served(request, asked, lang, now),
        meant=typed.email_meant(form.email.data), canonical=shown.enquire(home.card),
        alternates={other: shown.enquire(home.card, other) for other in locales.SITE},
    )  # fmt: skip


def _asked_about(session: Session, key: str, now: datetime) -> tuple[Home, bool]:
    home = sought(session, key)
    kept = catalogue.by_public_id(session, home.card.public_id)
    return home, catalogue.still_takes_enquiries(kept, now)


def _page(home: Home, form: EnquiryForm, shown: Shown) -> str:
    return shown.address(home.card) if form.shown_on.data == "property" else shown.enquire(home.card)
