"""Every public path of the site, in one place; a test holds the routes to it.

Mails and pages build their links here, so that an address once given out cannot drift from the page behind it.
"""

from urllib.parse import urlencode

ROOT = "/"
HOME = "/{lang}/"
SEARCH = "/{lang}/{offer:offer}"
SEARCH_TOWN = "/{lang}/{offer:offer}/{town}"
SEARCH_AREA = "/{lang}/{offer:offer}/{town}/{area}"
FEED = "/{lang}/{offer:offer}.{form}"
FEED_TOWN = "/{lang}/{offer:offer}/{town}.{form}"
FEED_AREA = "/{lang}/{offer:offer}/{town}/{area}.{form}"
PROPERTY = "/{lang}/p/{key}"
ENQUIRE = "/{lang}/p/{key}/enquire"
GALLERY = "/{lang}/p/{key}/photos"
STATUS = "/{lang}/enquiries/{token}"
RECEIPT = "/{lang}/receipts/{token}"
RECEIPT_FILE = "/{lang}/receipts/{token}/receipt.jsonld"
RELEASE = "/{lang}/release/{token}"
STOP = "/{lang}/stop/{token}"
ANSWER = "/{lang}/answer/{token}"
CONFIRM_CONTACT = "/{lang}/confirm/{token}"
POLICY = "/{lang}/policies/{document}"
POLICY_VERSION = "/{lang}/policies/{document}/{number}"
LEGAL = "/{lang}/legal"
CONTACT = "/{lang}/contact"
ACCESSIBILITY = "/{lang}/accessibility"
HOW_WE_SORT = "/{lang}/how-we-sort"
AGENCIES = "/{lang}/agencies"
AGENCY = "/{lang}/agencies/{slug}"
REPORT = "/{lang}/report/{public_id}"
REPORTED = "/{lang}/report/{public_id}/sent"
STATIC = "/static/{name:path}"
ROBOTS = "/robots.txt"
SITEMAP = "/sitemap.xml"
SITEMAP_PART = "/sitemaps/{lang}-{number}.xml"
OPENSEARCH = "/opensearch.{lang}.xml"
SECURITY = "/.well-known/security.txt"
LEAD_SCHEMA = "/schemas/lead-1.json"
MEDIA = "/media/{media}/{width}.{suffix}"
MAP = "/map/{public_id}-{theme}-{shape}.svg"
ALIVE = "/up"
READY = "/ready"
METRICS = "/metrics"
OPS = "/ops"
OPS_MAIL = "/ops/mail/{number}"
OPS_MAIL_HTML = "/ops/mail/{number}/html"
OPS_MAIL_FILE = "/ops/mail/{number}.eml"
OPS_MAIL_ATTACHMENT = "/ops/mail/{number}/attachments/{place}"
OPS_MAIL_TEXT = "/ops/mail/{number}/attachments/{place}/text"
STYLE = "/style"
STYLE_THEME = "/style/{theme}"
STYLE_SHEET = "/style/{theme}.css"

OFFER_WORDS = {"sale": "buy", "rent_long": "rent", "rent_short": "rent"}
SEARCH_OFFERS = {"buy": ("sale",), "rent": ("rent_long", "rent_short")}


def home(lang: str) -> str:
    """The front page in one language."""
    return HOME.format(lang=lang)


def search(lang: str, offer: str, town: str = "", area: str = "", **filters: object) -> str:
    """A list page: offer is `buy` or `rent`; filters without a value leave no trace in the address."""
    return _found("", lang, offer, town, area, filters)


def feed(form: str, lang: str, offer: str, town: str = "", area: str = "", **filters: object) -> str:
    """A search as a feed: form is `atom` or `json`."""
    return _found(f".{form}", lang, offer, town, area, filters)


def property_page(lang: str, public_id: str, slug: str) -> str:
    """A property's page; the id decides, the slug is for people."""
    return PROPERTY.format(lang=lang, key=f"{public_id}-{slug}")


def enquire(lang: str, public_id: str, slug: str) -> str:
    """The enquiry form about a property, alone."""
    return ENQUIRE.format(lang=lang, key=f"{public_id}-{slug}")


def gallery(lang: str, public_id: str, slug: str) -> str:
    """Every photo and plan of a property."""
    return GALLERY.format(lang=lang, key=f"{public_id}-{slug}")


def status(lang: str, token: str) -> str:
    """Where one enquiry is: the address is a bearer token."""
    return STATUS.format(lang=lang, token=token)


def receipt(lang: str, token: str) -> str:
    """A visitor's receipt of one enquiry: the address is a bearer token, and stands in their mail alone."""
    return RECEIPT.format(lang=lang, token=token)


def receipt_file(lang: str, token: str) -> str:
    """The same receipt as a file to keep, which can be checked without us."""
    return RECEIPT_FILE.format(lang=lang, token=token)


def release(lang: str, token: str) -> str:
    """Where a visitor releases an enquiry that was held."""
    return RELEASE.format(lang=lang, token=token)


def stop(lang: str, token: str) -> str:
    """Where whoever gets our mail about enquiries stops it: a page, and the target of one click (RFC 8058)."""
    return STOP.format(lang=lang, token=token)


def answer(lang: str, token: str) -> str:
    """Where an agency's contact says what came of a lead."""
    return ANSWER.format(lang=lang, token=token)


def confirm_contact(lang: str, token: str) -> str:
    """Where an agency's contact confirms its address."""
    return CONFIRM_CONTACT.format(lang=lang, token=token)


def policy(lang: str, document: str, number: int | None = None) -> str:
    """A policy in force, or one version of it for ever."""
    if number is None:
        return POLICY.format(lang=lang, document=document)
    return POLICY_VERSION.format(lang=lang, document=document, number=number)


def legal(lang: str) -> str:
    """The legal notice."""
    return LEGAL.format(lang=lang)


def contact(lang: str) -> str:
    """How to reach us."""
    return CONTACT.format(lang=lang)


def accessibility(lang: str) -> str:
    """The accessibility statement."""
    return ACCESSIBILITY.format(lang=lang)


def how_we_sort(lang: str) -> str:
    """In which order homes stand, and why."""
    return HOW_WE_SORT.format(lang=lang)


def sitemap_part(lang: str, number: int) -> str:
    """One of the sitemaps of a language, counted from 1."""
    return SITEMAP_PART.format(lang=lang, number=number)


def opensearch(lang: str) -> str:
    """What a browser needs to search here from its address bar."""
    return OPENSEARCH.format(lang=lang)


def agencies(lang: str) -> str:
    """All agencies with homes here."""
    return AGENCIES.format(lang=lang)


def agency(lang: str, slug: str, **cursor: str | None) -> str:
    """An agency with its homes; `cursor` names the home `after` or `before` which a page of them begins."""
    query = urlencode({name: value for name, value in cursor.items() if value})
    path = AGENCY.format(lang=lang, slug=slug)
    return f"{path}?{query}" if query else path


def report(lang: str, public_id: str) -> str:
    """Where a listing is reported to its agency and to us."""
    return REPORT.format(lang=lang, public_id=public_id)


def reported(lang: str, public_id: str) -> str:
    """What is shown once a report is recorded."""
    return REPORTED.format(lang=lang, public_id=public_id)


def map_of(public_id: str, theme: str, shape: str) -> str:
    """The map of a property: theme `light` or `dark`, shape `wide` or `narrow`."""
    return MAP.format(public_id=public_id, theme=theme, shape=shape)


def media(content_hash: str, width: int, suffix: str = "webp") -> str:
    """A picture we serve, by the hash of its content."""
    return MEDIA.format(media=content_hash, width=width, suffix=suffix)


def ops_mails(before: int | None = None) -> str:
    """The mails of the outbox, for ops: the newest, or those before one."""
    return OPS if before is None else f"{OPS}?{urlencode({'before': before})}"


def ops_mail(number: int, lang: str = "") -> str:
    """One mail, for ops; with a language as it would be written in that."""
    return OPS_MAIL.format(number=number) + _written_in(lang)


def ops_mail_html(number: int, lang: str = "") -> str:
    """The HTML part of one mail, alone, for its frame."""
    return OPS_MAIL_HTML.format(number=number) + _written_in(lang)


def ops_mail_file(number: int) -> str:
    """One mail as a file, byte for byte."""
    return OPS_MAIL_FILE.format(number=number)


def ops_mail_attachment(number: int, place: int, lang: str = "") -> str:
    """One attachment of a mail as a file, for ops; counted from 1."""
    return OPS_MAIL_ATTACHMENT.format(number=number, place=place) + _written_in(lang)


def ops_mail_text(number: int, place: int, lang: str = "") -> str:
    """One attachment of a mail as plain text, for ops; counted from 1."""
    return OPS_MAIL_TEXT.format(number=number, place=place) + _written_in(lang)


def _written_in(lang: str) -> str:
    return f"?{urlencode({'lang': lang})}" if lang else ""


def _found(suffix: str, lang: str, offer: str, town: str, area: str, filters: dict[str, object]) -> str:
    place = f"/{town}/{area}" if town and area else f"/{town}" if town else ""
    path = f"/{lang}/{offer}{place}{suffix}"
    if not filters:  # a list page asks for twenty
        return path
    given = {name: value for name, value in filters.items() if value not in (None, "", (), [])}
    if all(_is_plain(value) for value in given.values()):
        query = "&".join(f"{name}={value}" for name, value in given.items())
    else:
        query = urlencode(given, doseq=True)
    return f"{path}?{query}" if query else path


def _is_plain(value: object) -> bool:
    # Written in a query as it is: nearly all that a search asks for, and quoting it would take most of the time.
    return type(value) is int or (type(value) is str and value.isascii() and value.replace("_", "").isalnum())


def style(theme: str) -> str:
    """The style guide of the demo, in one theme."""
    return STYLE_THEME.format(theme=theme)


def style_sheet(theme: str) -> str:
    """The stylesheet of the style guide in one theme."""
    return STYLE_SHEET.format(theme=theme)
