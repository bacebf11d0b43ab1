"""Every table, imported once: what migrations compare with and what the raw-search drills walk."""

from portal import exporting, leads, leases, ledger
from portal.catalogue import agencies, photos, places, prices, properties, reports, versions
from portal.consent import choices, notices, policies
from portal.feeds import records
from portal.mail import outbox

MODULES = (
    agencies,
    choices,
    exporting,
    leads,
    leases,
    ledger,
    notices,
    outbox,
    photos,
    places,
    policies,
    prices,
    properties,
    records,
    reports,
    versions,
)
