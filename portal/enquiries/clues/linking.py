"""Linking: where the words want to lead. Links to the portal itself, to other portals and to maps are welcome."""

import re

from portal.enquiries.clues.topics import HOME
from portal.enquiries.reading import Clue, Link, Reading

# Where the same home is found again. Names only, without ending: each has several.
PORTALS = """
    idealista fotocasa pisos habitaclia yaencontre milanuncios kyero thinkspain spainhouses aplaceinthesun rightmove
    zoopla  onthemarket primelocation immobilienscout24 immoscout24 immowelt immonet kleinanzeigen willhaben
    homegate seloger leboncoin  logic-immo bienici pap green-acres figaro funda pararius jaap huislijn hemnet booli
    blocket finn boligsiden resales-online  casaktua indomio immobiliare luxuryestate jamesedition properstar
    immomarket airbnb booking
"""
_MAPS = re.compile(
    r"(?:^|\.)(?:maps?|karte|kaart|karta|carte|mapa|openstreetmap|osm|catastro|geoportal)\b|maps\.app\.goo\.gl",
    re.IGNORECASE,
)
_PLACE = re.compile(r"-?\d{1,3}\.\d{3,10}[,/]-?\d{1,3}\.\d{3,10}|[/.]maps?[/?]")
_ADVERT = re.compile(
    r"/(?:[^?#]{0,200}[/\-])?[a-z]{0,3}-?\d{3,12}\b|/(?:p|obj|objekt|expose|inmueble|annonce|property|detail)\b",
    re.IGNORECASE,
)
SHORTENERS = """
    bit.ly tinyurl.com t.co goo.gl ow.ly is.gd v.gd buff.ly cutt.ly rb.gy shorturl.at t.ly lnkd.in tiny.cc s.id
    urlz.fr  adf.ly rebrand.ly bl.ink kutt.it tny.im u.to clck.ru qr.ae shorte.st ouo.io bc.vc soo.gd x.co n9.cl
    acortar.link
"""
_SHORT_PATH = re.compile(r"/[A-Za-z0-9]{2,8}/?")
_OBFUSCATED = re.compile(
    r"\bhxxps?:|\[(?:\.|dot|at|punto|punkt|point|punt)\]|\((?:\.|dot|punto|punkt|point|punt)\)"
    r"|\w\s{1,3}(?:dot|punto|punkt|point|punt)\s{1,3}"
    r"(?:com|net|org|info|biz|shop|site|online|club|xyz|top|ru|io|eu|example)\b"
    r"|\w\s{1,3}(?:arobase|arroba|at|apenstaartje|snabel-?a)\s{1,3}[\w\-]{2,40}\s{1,3}(?:dot|punto|punkt|point|punt)\s",
    re.IGNORECASE,
)
_MESSENGER = re.compile(
    r"\bt\.me/|\btelegra|телеграм|(?:^|\s)@[a-z][\w]{4,31}\b|\bwa\.me/|\bskype\b|\bwechat\b", re.IGNORECASE
)
_ADDRESS = re.compile(r"[\w.+\-]{1,64}@([\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4})")
_HERE = re.compile(
    r"(?:\b(?:here|now|aqu[ií]|ya|hier|jetzt|ici|nu|här)|>|👉|➡️?|→)\s{0,3}:?\s{0,3}(?:https?://|www\.)", re.IGNORECASE
)
_FILE = re.compile(r"\.(?:zip|rar|7z|exe|scr|js|apk|iso|docm|xlsm)\b", re.IGNORECASE)
_PORTALS, _SHORTENERS = frozenset(PORTALS.split()), frozenset(SHORTENERS.split())
FEW = 8  # words beside a link


def leads_to_homes(reading: Reading) -> bool:
    """Whether there are links, and all of them lead to a home: to adverts, portals, maps or ourselves."""
    return bool(reading.links) and all(_ADVERT.match(link.rest) for link in _led_to(reading))


def _led_to(reading: Reading) -> list[Link]:
    return [link for link in reading.links if not _is_welcome(link, reading)]


def _is_welcome(link: Link, reading: Reading) -> bool:
    here = {_host(reading.headers.get(name, "")) for name in ("origin", "referer")}
    return (
        link.host in here or _name(link.host) in _PORTALS or bool(_MAPS.search(link.host) or _PLACE.search(link.rest))
    )


def _links(reading: Reading) -> int:
    led_to = _led_to(reading)
    hosts = {link.host for link in led_to}
    if not hosts:
        return 0
    adverts = all(_ADVERT.match(link.rest) for link in led_to)
    signed = hosts == {reading.domain.removeprefix("www.")}
    asks = reading.topics[HOME] > 8
    # A professional's signature, and what stands under a question about a home, lead to the sender's own house.
    if adverts or (signed and (asks or reading.signals.professional)):
        return 12
    return (34 if asks else 42) + min(8 * (len(hosts) - 1), 24)


def _little_but_links(reading: Reading) -> int:
    led_to = _led_to(reading)
    taken = sum(len(link.host.split(".")) + 3 for link in led_to)
    return 20 if led_to and len(reading.tokens) - taken < FEW else 0


def _here(reading: Reading) -> int:
    return 24 if _HERE.search(reading.words) and _led_to(reading) else 0


def _short_link(reading: Reading) -> int:
    return 30 if any(map(_is_short, _led_to(reading))) else 0


def _is_short(link: Link) -> bool:
    labels = link.host.split(".")
    return link.host in _SHORTENERS or (
        len(labels) == 2 and len(labels[0]) <= 3 and bool(_SHORT_PATH.fullmatch(link.rest))
    )


def _file(reading: Reading) -> int:
    return 30 if any(_FILE.search(link.rest[-40:]) for link in _led_to(reading)) else 0


def _obfuscated(reading: Reading) -> int:
    return 55 if _OBFUSCATED.search(reading.words) else 0


def _messenger(reading: Reading) -> int:
    return 20 if _MESSENGER.search(reading.words) else 0


def _other_address(reading: Reading) -> int:
    domains = {domain.lower() for domain in _ADDRESS.findall(reading.words)}
    if not domains or reading.signals.email.lower() in reading.words.lower():
        return 0
    return 24 if domains - {reading.domain} else 8


def _name(host: str) -> str:
    # The part of a host that somebody registered: `rightmove` of `www.rightmove.co.uk`.
    labels = host.split(".")
    under = -3 if len(labels) > 2 and labels[-2] in {"co", "com"} else -2
    return labels[under] if len(labels) > 1 else host


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].partition(":")[0].lower().removeprefix("www.")


CLUES = (
    Clue("links", "It leads to other sites.", _links),
    Clue("little_but_links", "There is little in it but links.", _little_but_links),
    Clue("link_to_follow", "It tells the reader to follow a link.", _here),
    Clue("short_link", "It leads somewhere by a shortened link that does not say where.", _short_link),
    Clue("link_to_file", "It leads to a file to download.", _file),
    Clue("obfuscated_link", "A web or mail address is written so that filters do not see it.", _obfuscated),
    Clue("messenger", "It wants to go on in a messenger.", _messenger),
    Clue("other_address", "It names another mail address than the one to answer to.", _other_address),
)
