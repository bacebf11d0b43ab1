"""Browser: whether the headers are such as a browser sends with a form.

Each header missing is a hint only: old browsers, text browsers and careful people send few. `Connection` and
`Accept-Encoding` alone are the proxy's as often as the visitor's, so they say nothing here.
"""

import re

from portal.enquiries.reading import Clue, Reading

# Programs that send forms without anybody looking at them.
_PROGRAM = re.compile(
    r"python|requests|urllib|aiohttp|httpx|scrapy|curl|wget|libwww-perl|lwp|mechanize|go-http|okhttp|axios|node|undici"
    r"|got \(|java/|jakarta|apache-http|ruby|faraday|guzzle|php|perl|winhttp|powershell|postman|insomnia|httpie"
    r"|headless|phantom|puppeteer|playwright|selenium|bot\b|spider|crawler",
    re.IGNORECASE,
)
_TEXT_BROWSER = re.compile(r"^(?:lynx|w3m|e?links)\b", re.IGNORECASE)
# Too old for the encryption every site asks for today: only programs still call themselves so.
_EXTINCT = re.compile(r"MSIE [1-8]\.|Windows (?:9\d|NT 4|NT 5\.0)|Firefox/[1-9]\.|Chrome/[1-3]?\d\.")
_LANGUAGES = re.compile(
    r"[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4}(?:;q=[01](?:\.\d{1,3})?)?|\*(?:;q=[01](?:\.\d{1,3})?)?", re.IGNORECASE
)
_FETCH = ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")
# The first versions that send fetch metadata with every request to a secure origin.
_SENDS_FETCH = ((re.compile(r"Chrome/(\d{1,4})"), 80), (re.compile(r"Firefox/(\d{1,4})"), 90))
_SAFARI = re.compile(r"Version/(\d{1,3})\.(\d{1,3}).{0,60}Safari/")


def is_program(reading: Reading) -> bool:
    """Whether more than one missing header tells that nobody sat before a browser."""
    blank = _languages_missing(reading) or _accept_odd(reading)
    return bool(_program(reading) or _fetch_odd(reading) or (_fetch_missing(reading) and blank))


def _program(reading: Reading) -> int:
    agent = reading.headers.get("user-agent", "")
    if _TEXT_BROWSER.match(agent):
        return 0
    if not agent.strip():
        return 40
    if _PROGRAM.search(agent):
        return 60
    return 30 if _EXTINCT.search(agent) or not agent.startswith("Mozilla/5.0 (") else 0


def _fetch_missing(reading: Reading) -> int:
    if any(name in reading.headers for name in _FETCH):
        return 0
    return 24 if _sends_fetch(reading.headers.get("user-agent", "")) else 0


def _fetch_odd(reading: Reading) -> int:
    sent = [reading.headers.get(name) for name in _FETCH]
    if not any(sent):
        return 0
    site, mode, dest = sent
    odd = (site not in {"same-origin", "same-site"}) + (mode != "navigate") + (dest != "document")
    return 30 * min(odd, 2)


def _languages_missing(reading: Reading) -> int:
    return 0 if reading.headers.get("accept-language", "").strip() else 24


def _accept_odd(reading: Reading) -> int:
    accept = reading.headers.get("accept", "")
    return 0 if "text/html" in accept else 24


def _origin_missing(reading: Reading) -> int:
    if "origin" in reading.headers or not _sends_fetch(reading.headers.get("user-agent", "")):
        return 0
    return 8 if "referer" in reading.headers else 16


def _malformed(reading: Reading) -> int:
    names = [name for name, _ in reading.signals.headers]
    languages = reading.headers.get("accept-language", "")
    broken = any(not value.isprintable() for _, value in reading.signals.headers)
    broken |= bool(languages) and not all(_LANGUAGES.fullmatch(each.strip()) for each in languages.split(",")[:40])
    return 30 if broken or len(set(names)) < len(names) else 0


def _sends_fetch(agent: str) -> bool:
    for version, first in _SENDS_FETCH:
        if found := version.search(agent):
            return int(found[1]) >= first
    safari = _SAFARI.search(agent)
    return safari is not None and (int(safari[1]), int(safari[2])) >= (16, 4)


CLUES = (
    Clue("program", "It was sent by a program, or by a browser that does not say which.", _program),
    Clue("fetch_missing", "The browser it claims to be would have sent fetch metadata.", _fetch_missing),
    Clue("fetch_odd", "Its fetch metadata are not those of a form that a person sends.", _fetch_odd),
    Clue("languages_missing", "It names no language; browsers do.", _languages_missing),
    Clue("accept_odd", "It does not ask for a page in answer, as browsers do.", _accept_odd),
    Clue("origin_missing", "The browser it claims to be would have said from which page it comes.", _origin_missing),
    Clue("headers_malformed", "Its headers are broken or came twice.", _malformed),
)
