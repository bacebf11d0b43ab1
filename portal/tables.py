"""Every table, imported once: what migrations compare with and what the raw-search drills walk."""

from portal import exporting, leads, leases, ledger, limits
from portal.catalogue import agencies, collecting, photos, places, prices, properties, reports, versions
from portal.consent import choices, notices, policies
from portal.feeds import records
from portal.forwarding import stopping
from portal.mail import outbox

MODULES = (
    agencies,
    choices,
    collecting,
    exporting,
    leads,
    leases,
    ledger,
    limits,
    notices,
    outbox,
    photos,
    places,
    policies,
    prices,
    properties,
    records,
    reports,
    stopping,
    versions,
)
