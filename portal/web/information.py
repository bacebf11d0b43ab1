"""Pages that are only text: who runs the site, how to reach us, who can use it, and in which order homes stand."""

from starlette.requests import Request
from starlette.responses import Response

from portal import addresses
from portal.web.rendering import page
from portal.web.site import language, site


async def legal(request: Request) -> Response:
    """The legal notice: who runs the site (Ley 34/2002, Art. 10)."""
    lang = language(request)
    mail = site(request).settings.contact_mail
    return await page(request, "information/legal.html", lang, canonical=addresses.legal(lang), mail=mail)


async def contact(request: Request) -> Response:
    """How to reach an agency, and how to reach us."""
    lang = language(request)
    mail = site(request).settings.contact_mail
    return await page(request, "information/contact.html", lang, canonical=addresses.contact(lang), mail=mail)


async def accessibility(request: Request) -> Response:
    """The accessibility statement: what is tested, what is not, and how to report what fails."""
    lang = language(request)
    return await page(request, "information/accessibility.html", lang, canonical=addresses.accessibility(lang))


async def how_we_sort(request: Request) -> Response:
    """In which order homes stand, and why (Directive 2005/29/EC, Art. 7(4a): the parameters of a ranking)."""
    lang = language(request)
    return await page(request, "information/how-we-sort.html", lang, canonical=addresses.how_we_sort(lang))
