"""What machines look for at a fixed place: robots.txt, security.txt, how a browser searches here, what a lead is."""

from datetime import datetime
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from portal import addresses, db
from portal.forwarding import leadjson
from portal.language import locales
from portal.language.messages import N_, translated
from portal.web.files import FOR_A_WEEK
from portal.web.rendering import PUBLIC
from portal.web.site import language, site

CLOSED = ("enquiries", "release", "stop", "confirm", "report")  # what belongs to one visitor, and forms about a listing
PURPOSE = N_("Homes for sale on the Costa del Sol, by town, area or reference")


async def robots(request: Request) -> Response:
    """What crawlers may read: everything but what belongs to one visitor (RFC 9309)."""
    closed = "".join(f"Disallow: /*/{part}/\n" for part in CLOSED)
    sitemap = f"{site(request).settings.origin}{addresses.SITEMAP}"
    return PlainTextResponse(f"User-agent: *\n{closed}\nSitemap: {sitemap}\n", headers=FOR_A_WEEK)


async def security(request: Request) -> Response:
    """Whom to tell of a hole (RFC 9116). It expires a year after the present quarter began."""
    origin, mail = site(request).settings.origin, site(request).settings.contact_mail
    lines = (
        *([f"Contact: mailto:{mail}"] if mail else []),
        f"Contact: {origin}{addresses.contact(locales.DEFAULT)}",
        f"Expires: {expires(db.utcnow()):%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(locales.SITE)}",
        f"Canonical: {origin}{addresses.SECURITY}",
    )
    return PlainTextResponse("".join(f"{line}\n" for line in lines), headers=PUBLIC)


async def lead_schema(request: Request) -> Response:
    """What agencies' software finds in the `lead.json` of a lead's mail (JSON Schema 2020-12)."""
    return FileResponse(leadjson.SCHEMA, headers=FOR_A_WEEK, media_type="application/schema+json")


def expires(now: datetime) -> datetime:
    """The first day of the present quarter, a year later: never more than a year ahead, never less than nine months."""
    return datetime(now.year + 1, (now.month - 1) // 3 * 3 + 1, 1, tzinfo=now.tzinfo)


async def opensearch(request: Request) -> Response:
    """How a browser searches here from its address bar (OpenSearch 1.1)."""
    lang, origin = language(request), site(request).settings.origin
    search = f"{origin}{addresses.search(lang, 'buy')}?place={{searchTerms}}"
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">\n'
        "<ShortName>ImmoMarket</ShortName>\n"
        f"<Description>{escape(translated(lang, PURPOSE))}</Description>\n"
        f'<Url type="text/html" template="{escape(search)}"/>\n'
        f"<Language>{lang}</Language>\n<InputEncoding>UTF-8</InputEncoding>\n"
        "</OpenSearchDescription>\n"
    )
    return Response(text, headers=PUBLIC, media_type="application/opensearchdescription+xml")
