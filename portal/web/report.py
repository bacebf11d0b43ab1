"""Reporting a listing: three choices and words if one likes, to its agency and to us. Nobody is asked who they are."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from wtforms import Field, Form, RadioField, TextAreaField
from wtforms.validators import ValidationError

from portal import addresses, db
from portal.catalogue import properties as catalogue
from portal.catalogue import reports
from portal.catalogue.rows import Home
from portal.language.messages import N_
from portal.web import typed
from portal.web.enquire import ELSEWHERE, MISTAKES
from portal.web.guards.bodies import posted
from portal.web.presenting import Shown
from portal.web.properties import gone, sought
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing


class ReportForm(Form):  # type: ignore[misc]  # WTForms carries no types
    """What somebody says about a listing."""

    reason = RadioField(
        N_("What is wrong?"), choices=reports.REASONS, invalid_choice_message=N_("Choose what is wrong")
    )
    words = TextAreaField(N_("Tell us more"), filters=[typed.paragraphs])

    def validate_words(self, field: Field) -> None:
        """As long as a mail can carry without being a letter."""
        if len(field.data) > reports.WORDS:
            raise ValidationError(N_("Shorten the text to 1,000 characters"))


async def show(request: Request) -> Response:
    """The empty form about a published listing; 410 where it is gone already."""
    home = await reading(request, sought, request.path_params["public_id"])
    return await _form(request, home, ReportForm()) if home.is_visible else await gone(request, home)


async def submit(request: Request) -> Response:
    """One report: 303 to the thanks once stored, else the form again (422)."""
    lang, form = language(request), ReportForm(await posted(request))
    home = await reading(request, sought, request.path_params["public_id"])
    if not home.is_visible:
        return await gone(request, home, form.words.data)
    if not form.validate():
        return await _form(request, home, form, 422, MISTAKES)
    await writing(request, _record, home, form.reason.data, form.words.data, lang, site(request).settings.mail_domain)
    return RedirectResponse(addresses.reported(lang, home.card.public_id), 303, {"Cache-Control": "no-store"})


async def returned(request: Request) -> Response:
    """The form of a report that another site sent: filled in, to be sent from here (403)."""
    form = ReportForm(await posted(request))
    home = await reading(request, sought, request.path_params["public_id"])
    if not home.is_visible:
        return await gone(request, home, form.words.data)
    return await _form(request, home, form, 403, ELSEWHERE)


async def sent(request: Request) -> Response:
    """The thanks."""
    lang = language(request)
    home = await reading(request, sought, request.path_params["public_id"])
    return await page(
        request, "report/sent.html", lang, private=True, shown=Shown(lang, db.utcnow()), home=home, card=home.card
    )


async def _form(
    request: Request, home: Home, form: ReportForm, status: int = 200, problem: str | None = None
) -> Response:
    lang = language(request)
    return await page(
        request, "report/report.html", lang, status=status, private=True, shown=Shown(lang, db.utcnow()),
        card=home.card, form=form, problem=problem, most=reports.WORDS,
    )  # fmt: skip


def _record(session: Session, home: Home, reason: str, words: str, lang: str, domain: str) -> None:
    kept = catalogue.by_public_id(session, home.card.public_id)
    reports.record(session, kept, reason, words, lang, domain, db.utcnow())
