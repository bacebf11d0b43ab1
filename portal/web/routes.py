"""Every route of the public site; paths come from `portal.addresses` and nowhere else.

What is sent is a list of its own: each form declares the rule of `portal.web.guards.csrf` by which it is taken.
"""

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route

from portal import addresses as at
from portal.web import (
    agencies,
    answer,
    confirm,
    discovery,
    enquire,
    enquiries,
    files,
    gallery,
    health,
    home,
    information,
    policies,
    properties,
    receipts,
    release,
    report,
    search,
    sitemaps,
    stop,
    syndication,
)
from portal.web.guards.csrf import Exempt, PublicForm, Rule


class _Text(StringConvertor):
    """A part of a path. PostgreSQL knows no text with NUL in it and would fail, so nothing has such an address."""

    regex = "[^/\\x00]+"


class _Offer(StringConvertor):
    regex = "|".join(at.SEARCH_OFFERS)


register_url_convertor("str", _Text())
register_url_convertor("offer", _Offer())

# The most asked for first: an address is compared with one after another.
PAGES = [
    Route(at.ALIVE,           health.alive,              name="alive"),
    Route(at.FEED,           syndication.show,          name="feed"),
    Route(at.FEED_TOWN,       syndication.show,          name="feed_town"),
    Route(at.FEED_AREA,       syndication.show,          name="feed_area"),
    Route(at.SEARCH,          search.show,               name="search"),
    Route(at.SEARCH_TOWN,     search.show,               name="search_town"),
    Route(at.SEARCH_AREA,     search.show,               name="search_area"),
    Route(at.PROPERTY,        properties.show,           name="property"),
    Route(at.ROOT,            home.choose,               name="root"),
    Route(at.READY,           health.ready,              name="ready"),
    Route(at.ROBOTS,          discovery.robots,          name="robots"),
    Route(at.SECURITY,        discovery.security,        name="security"),
    Route(at.OPENSEARCH,      discovery.opensearch,      name="opensearch"),
    Route(at.SITEMAP,         sitemaps.index,            name="sitemap"),
    Route(at.SITEMAP_PART,    sitemaps.part,             name="sitemap_part"),
    Route(at.LEAD_SCHEMA,     discovery.lead_schema,     name="lead_schema"),
    Route(at.STATIC,          files.own,                 name="static"),
    Route(at.MEDIA,           files.photo,               name="media"),
    Route(at.MAP,             gallery.drawn,             name="map"),
    Route(at.HOME,            home.show,                 name="home"),
    Route(at.LEGAL,           information.legal,         name="legal"),
    Route(at.CONTACT,         information.contact,       name="contact"),
    Route(at.ACCESSIBILITY,   information.accessibility, name="accessibility"),
    Route(at.HOW_WE_SORT,     information.how_we_sort,   name="how_we_sort"),
    Route(at.POLICY,          policies.show,             name="policy"),
    Route(at.POLICY_VERSION,  policies.show,             name="policy_version"),
    Route(at.AGENCIES,        agencies.listed,           name="agencies"),
    Route(at.AGENCY,          agencies.show,             name="agency"),
    Route(at.REPORT,          report.show,               name="report"),
    Route(at.REPORTED,        report.sent,               name="reported"),
    Route(at.GALLERY,         gallery.show,              name="gallery"),
    Route(at.ENQUIRE,         enquire.show,              name="enquire"),
    Route(at.STATUS,          enquiries.show,            name="status"),
    Route(at.RECEIPT,         receipts.show,             name="receipt"),
    Route(at.RECEIPT_FILE,    receipts.download,         name="receipt_file"),
    Route(at.RELEASE,         release.show,              name="release"),
    Route(at.STOP,            stop.show,                 name="stop"),
    Route(at.ANSWER,          answer.show,               name="answer"),
    Route(at.CONFIRM_CONTACT, confirm.show,              name="confirm_contact"),
]  # fmt: skip


def _form(path: str, rule: Rule, name: str) -> Route:
    return Route(path, rule, name=name, methods=["POST"])


FORMS = [
    _form(at.REPORT,          PublicForm(report.submit, report.returned),   "report_submit"),
    _form(at.ENQUIRE,         PublicForm(enquire.submit, enquire.returned), "enquire_submit"),
    _form(at.CONFIRM_CONTACT, PublicForm(confirm.submit, confirm.returned), "confirm_contact_submit"),
    _form(at.RELEASE,         PublicForm(release.submit, release.returned), "release_submit"),
    _form(at.ANSWER,          PublicForm(answer.submit, answer.returned),   "answer_submit"),
    _form(at.STATUS,          PublicForm(enquiries.wish, enquiries.returned), "status_wish"),
    _form(at.STOP,            Exempt(stop.submit, stop.PROOF),              "stop_submit"),
]  # fmt: skip

ROUTES = PAGES + FORMS
