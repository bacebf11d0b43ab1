"""Every public path of the site, in one place; a test holds the routes to it.

Mails and pages build their links here, so that an address once given out cannot drift from the page behind it.
"""

from urllib.parse import urlencode

ROOT = "/"
HOME = "/{lang}/"
SEARCH = "/{lang}/{offer}"
SEARCH_TOWN = "/{lang}/{offer}/{town}"
SEARCH_AREA = "/{lang}/{offer}/{town}/{area}"
PROPERTY = "/{lang}/p/{key}"
ENQUIRE = "/{lang}/p/{key}/enquire"
STATUS = "/{lang}/enquiries/{token}"
CONFIRM_CONTACT = "/{lang}/confirm/{token}"
POLICY = "/{lang}/policies/{document}"
POLICY_VERSION = "/{lang}/policies/{document}/{number}"
LEGAL = "/{lang}/legal"
STATIC = "/static/{name:path}"
ROBOTS = "/robots.txt"
MEDIA = "/media/{media}/{width}.{suffix}"
ALIVE = "/up"
READY = "/ready"
OPS = "/ops"
OPS_MAIL = "/ops/mail/{number}"
OPS_MAIL_HTML = "/ops/mail/{number}/html"
OPS_MAIL_FILE = "/ops/mail/{number}.eml"

OFFER_WORDS = {"sale": "buy", "rent_long": "rent", "rent_short": "rent"}
SEARCH_OFFERS = {"buy": ("sale",), "rent": ("rent_long", "rent_short")}


def home(lang: str) -> str:
    """The front page in one language."""
    return HOME.format(lang=lang)


def search(lang: str, offer: str, town: str = "", area: str = "", **filters: object) -> str:
    """A list page: offer is `buy` or `rent`; filters without a value leave no trace in the address."""
    path = "/".join(part for part in (f"/{lang}/{offer}", town, area if town else "") if part)
    query = urlencode(
        {name: value for name, value in filters.items() if value not in (None, "", (), [])},
        doseq=True,
    )
    return f"{path}?{query}" if query else path


def property_page(lang: str, public_id: str, slug: str) -> str:
    """A property's page; the id decides, the slug is for people."""
    return PROPERTY.format(lang=lang, key=f"{public_id}-{slug}")


def enquire(lang: str, public_id: str, slug: str) -> str:
    """The enquiry form about a property, alone."""
    return ENQUIRE.format(lang=lang, key=f"{public_id}-{slug}")


def status(lang: str, token: str) -> str:
    """Where one enquiry is: the address is a bearer token."""
    return STATUS.format(lang=lang, token=token)


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


def media(content_hash: str, width: int, suffix: str = "webp") -> str:
    """A picture we serve, by the hash of its content."""
    return MEDIA.format(media=content_hash, width=width, suffix=suffix)


def ops_mails(before: int | None = None) -> str:
    """The mails of the outbox, for ops: the newest, or those before one."""
    return OPS if before is None else f"{OPS}?{urlencode({'before': before})}"


def ops_mail(number: int) -> str:
    """One mail, for ops."""
    return OPS_MAIL.format(number=number)


def ops_mail_html(number: int) -> str:
    """The HTML part of one mail, alone, for its frame."""
    return OPS_MAIL_HTML.format(number=number)


def ops_mail_file(number: int) -> str:
    """One mail as a file, byte for byte."""
    return OPS_MAIL_FILE.format(number=number)
