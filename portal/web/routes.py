"""Every route of the public site, in one list; paths come from `portal.addresses` and nowhere else."""

from starlette.routing import Route

from portal import addresses as at
from portal.web import confirm, enquire, enquiries, files, health, home, legal, policies, properties, search

ROUTES = [
    Route(at.ROOT,            home.choose,     name="root"),
    Route(at.ALIVE,           health.alive,    name="alive"),
    Route(at.READY,           health.ready,    name="ready"),
    Route(at.ROBOTS,          files.robots,    name="robots"),
    Route(at.STATIC,          files.own,       name="static"),
    Route(at.MEDIA,           files.photo,     name="media"),
    Route(at.HOME,            home.show,       name="home"),
    Route(at.LEGAL,           legal.show,      name="legal"),
    Route(at.POLICY,          policies.show,   name="policy"),
    Route(at.POLICY_VERSION,  policies.show,   name="policy_version"),
    Route(at.PROPERTY,        properties.show, name="property"),
    Route(at.ENQUIRE,         enquire.show,    name="enquire"),
    Route(at.ENQUIRE,         enquire.submit,  name="enquire_submit", methods=["POST"]),
    Route(at.STATUS,          enquiries.show,  name="status"),
    Route(at.CONFIRM_CONTACT, confirm.show,    name="confirm_contact"),
    Route(at.CONFIRM_CONTACT, confirm.submit,  name="confirm_contact_submit", methods=["POST"]),
    Route(at.SEARCH,          search.show,     name="search"),
    Route(at.SEARCH_TOWN,     search.show,     name="search_town"),
    Route(at.SEARCH_AREA,     search.show,     name="search_area"),
]  # fmt: skip
