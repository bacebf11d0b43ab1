"""Every table, imported once: what migrations compare with and what the raw-search drills walk."""

from portal import alerts, exporting, leads, leases, ledger, limits
from portal.catalogue import agencies, collecting, photos, places, prices, properties, reports, versions
from portal.consent import annexes, choices, notices, policies, purposes
from portal.feeds import records
from portal.forwarding import answering, stopping
from portal.ledger import keys, sealing, shredding
from portal.mail import mails
from portal.receipts import links

MODULES = (
    answering,
    agencies,
    alerts,
    annexes,
    choices,
    collecting,
    exporting,
    keys,
    leads,
    leases,
    ledger,
    limits,
    links,
    mails,
    notices,
    photos,
    places,
    policies,
    prices,
    properties,
    purposes,
    records,
    reports,
    sealing,
    shredding,
    stopping,
    versions,
)
