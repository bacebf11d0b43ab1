"""Clients as they are: the headers that browsers and other programs send with a page and with a form.

Tests and benchmarks take their headers from here, so that a new kind of client joins every table by one line.
CHROMIUM and FIREFOX are recorded from the programs themselves; `make audit` says where those of a machine differ.
"""

from urllib.parse import urlsplit

CHROMIUM = {
    "Connection": "keep-alive",
    "sec-ch-ua": '"Not:A-Brand";v="8", "Chromium";v="156"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    ),
    "Accept": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7"
    ),
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}
FIREFOX = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
}
# An older one, which says nothing of where a form comes from: what a test says of that is all that is said.
QUIET = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
}
BARE: dict[str, str] = {}  # a client that says nothing of itself: curl, old browsers, privacy tools

CLIENTS = {"Chromium": CHROMIUM, "Firefox": FIREFOX, "no headers": BARE}

# Where a form was sent from, as a browser tells it: Sec-Fetch-Site, and Origin with `{here}` for our own.
# Where a page has `Referrer-Policy: no-referrer`, even its own forms say `Origin: null`; sandboxed ones always do.
SENDERS: dict[str, tuple[str | None, str | None]] = {
    "same-origin": ("same-origin", "{here}"),
    "same-site": ("same-site", "https://sister.{host}"),
    "cross-site": ("cross-site", "https://elsewhere.example"),
    "null": ("same-origin", "null"),
    "sandboxed": ("cross-site", "null"),
    "absent": (None, None),
}


def confides(origin: str) -> bool:
    """Whether browsers tell this origin where a form comes from: over https, and to the loopback."""
    parts = urlsplit(origin)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def sends(client: str, sender: str, origin: str) -> dict[str, str]:
    """The headers with which a client sends a form to `origin`. One without headers tells at most Origin."""
    said, told = SENDERS[sender]
    headers = dict(CLIENTS[client])
    if headers and said and confides(origin):
        headers["Sec-Fetch-Site"] = said
    elif headers:
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("sec-")}
        headers["Accept-Encoding"] = "gzip, deflate"  # no browser asks for more over plain http
    if told:
        headers["Origin"] = told.format(here=origin, host=origin.partition("://")[2])
    return headers
