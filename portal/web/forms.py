"""The enquiry form: its fields, what must be in them, and the enquiry they make.

Labels, choices and errors are English here and are translated where they are shown. No field depends on a script, and
nothing that was typed is dropped when a field is refused.
"""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from wtforms import Field, Form, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import ValidationError

from portal import leads
from portal.catalogue.rows import Home
from portal.enquiries.receiving import Enquiry
from portal.language import locales
from portal.language.messages import N_
from portal.web import typed
from portal.web.presenting import Shown

NAME, EMAIL, PHONE, COMPANY, WORDS, LABEL = 120, 254, 40, 120, 2000, 60
CHOOSE = N_("Choose one of the answers")
TICKED = "1"
SENDERS = {"no": N_("A private person"), "yes": N_("A professional")}


class EnquiryForm(Form):  # type: ignore[misc]  # WTForms carries no types
    """What a visitor fills in about one home. `shown_on` says on which of the two pages the form stood."""

    intent = RadioField(
        N_("What would you like?"), choices=leads.INTENTS, invalid_choice_message=CHOOSE, default="question"
    )
    name = StringField(N_("Full name"), filters=[typed.line])
    email = StringField(N_("E-mail"), filters=[typed.line])
    reach = RadioField(N_("Best reached by"), choices=leads.REACHES, invalid_choice_message=CHOOSE, default="email")
    phone = StringField(N_("Phone"), filters=[typed.line])
    professional = RadioField(N_("You write as"), choices=SENDERS, invalid_choice_message=CHOOSE, default="no")
    company = StringField(N_("Company"), filters=[typed.line])
    words = TextAreaField(N_("Message"), filters=[typed.paragraphs])
    language = SelectField(N_("Answer me in"), choices=locales.NAMES, invalid_choice_message=CHOOSE)
    timing = SelectField(N_("When"), choices=leads.TIMINGS, invalid_choice_message=CHOOSE, default="")
    funding = SelectField(N_("Paying with"), choices=leads.FUNDINGS, invalid_choice_message=CHOOSE, default="")
    # People do not see this field, and browsers know no such thing to fill in: what stands in it is a hint, no more.
    afterword = StringField(N_("Leave this field empty"), filters=[typed.line])
    notice = HiddenField(filters=[typed.line])
    shown_on = HiddenField(default="alone")
    agreed: tuple[str, ...] = ()  # the controls of the boxes that came back ticked: which ones, the notice says

    def validate_name(self, field: Field) -> None:
        """Any letters in any script, but some."""
        _needed(field, N_("Enter your full name"))
        _at_most(field, NAME, N_("Shorten your name to 120 characters"))

    def validate_email(self, field: Field) -> None:
        """An address mail can be sent to."""
        if len(field.data) > EMAIL or typed.email(field.data) is None:
            raise ValidationError(N_("Enter an e-mail address like name@example.com"))

    def validate_phone(self, field: Field) -> None:
        """Only needed where the visitor wants to be called; any way of writing a number will do."""
        if self.reach.data != "email":
            _needed(field, N_("Enter a phone number, or choose to be reached by e-mail"))
        _at_most(field, PHONE, N_("Shorten the phone number to 40 characters"))

    def validate_company(self, field: Field) -> None:
        """Professionals say for whom they write."""
        if self.professional.data == "yes":
            _needed(field, N_("Enter your company, or choose to write as a private person"))
        _at_most(field, COMPANY, N_("Shorten the company’s name to 120 characters"))

    def validate_words(self, field: Field) -> None:
        """A question needs words; a viewing or the papers can be asked for without."""
        if self.intent.data == "question":
            _needed(field, N_("Write your question"))
        _at_most(field, WORDS, N_("Shorten your message to 2,000 characters"))

    def enquiry(self, home: Home, shown: Shown, page: str) -> Enquiry:
        """The enquiry of a form that was found valid. The home's title and price are kept as the page showed them."""
        number = typed.phone(self.phone.data, self.language.data, shown.lang)
        professional = self.professional.data == "yes"
        return Enquiry(
            public_id=home.card.public_id, property_title=shown.title(home.card),
            property_price=shown.whole_price(home.card), intent=self.intent.data,
            name=self.name.data, email=typed.email(self.email.data) or "", phone=number.typed,
            phone_e164=number.e164, phone_region=number.region, reach=self.reach.data, professional=professional,
            company=self.company.data if professional else "", words=self.words.data,
            answer_locale=self.language.data, timing=self.timing.data, funding=self.funding.data,
            agreed=self.agreed, notice_token=self.notice.data, locale=shown.lang, page=page,
        )  # fmt: skip


def empty(lang: str, shown_on: str) -> EnquiryForm:
    """The form as it is first shown: the same for everybody."""
    return EnquiryForm(language=lang, shown_on=shown_on)


def sent(data: FormData | Mapping[str, Any], lang: str) -> EnquiryForm:
    """The form as it came back."""
    form = EnquiryForm(data, language=lang)
    form.agreed = tuple(sorted(name for name in data if data[name] == TICKED and name not in form))
    return form


def _needed(field: Field, message: str) -> None:
    if not field.data:
        raise ValidationError(message)


def _at_most(field: Field, length: int, message: str) -> None:
    if len(field.data) > length:
        raise ValidationError(message)
