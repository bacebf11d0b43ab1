"""Fetching: the only way out to addresses that others gave us.

Owns the guard: names are resolved once, every address must be public, and the connection goes to the very address that
was vetted. It must never show credentials or query strings of an address in a message, follow a redirect it has not
vetted, or read without a bound in bytes and time.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import BinaryIO

import httpx2

_PORTS = {"http": 80, "https": 443}
# Only what is handed out for the open internet (iana.org/assignments/ipv6-address-space), and of that nothing that
# stands for an IPv4 address (Teredo, 6to4) or for no server at all. NAT64, mapped and local ranges lie outside.
_GLOBAL = IPv6Network("2000::/3")
_NOT_GLOBAL = tuple(map(ip_network, (
    "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)))  # fmt: skip
_BLOCK = 1 << 16


class FetchRefused(Exception):
    """The address may not be fetched: scheme, port or where it leads. The message hides its credentials."""


class FetchFailed(Exception):
    """The address gave no usable answer within the limits. The message hides its credentials."""


@dataclass(frozen=True)
class Limits:
    """What one fetch may cost: bytes after decompression, seconds from name to last byte, redirects."""

    most_bytes: int = 1 << 30
    seconds: float = 300.0
    redirects: int = 5


LIMITS = Limits()


async def fetch(address: str, into: BinaryIO, allow: Collection[str] = (), limits: Limits = LIMITS) -> int:
    """Write what stands at an http(s) address `into` a file; how many bytes. Credentials may stand in the address.

    `allow` names what may be reached besides public addresses on ports 80 and 443, as exact host:port. Raises
    `FetchRefused` and `FetchFailed`; `into` then holds a part at most.
    """
    try:
        async with asyncio.timeout(limits.seconds), _client(limits) as client:
            return await _follow(client, httpx2.URL(address), into, allow, limits)
    except TimeoutError:
        raise FetchFailed(f"{redacted(address)}: not done within {limits.seconds:g} seconds") from None
    except httpx2.InvalidURL:
        raise FetchRefused(f"{redacted(address)}: not an address") from None
    except httpx2.HTTPError as fault:  # its own words may quote the address, so only its kind is told
        raise FetchFailed(f"{redacted(address)}: {type(fault).__name__}") from None


def redacted(address: str) -> str:
    """An address fit for messages and lists: without credentials, query and fragment, which may be keys."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return "the address"
    return f"{url.scheme}://{_authority(url)}{url.path}" + ("?…" if url.query else "")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet and is what it seems.

    `ipaddress.is_global` alone lets multicast through, and NAT64 and 6to4 wrap a private address. Behind a NAT64
    that is meant, PORTAL_FETCH_ALLOW names the hosts.
    """
    if address.version == 6 and address not in _GLOBAL:
        return False
    return address.is_global and not address.is_multicast and not any(address in each for each in _NOT_GLOBAL)


def _client(limits: Limits) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        verify=_tls(), trust_env=False, follow_redirects=False, timeout=min(30.0, limits.seconds),
        headers={"User-Agent": "ImmoMarket", "Accept-Encoding": "gzip"},
        # No connection is used twice: names that share an address must each prove their own certificate.
        limits=httpx2.Limits(max_keepalive_connections=0),
    )  # fmt: skip


@cache
def _tls() -> ssl.SSLContext:  # reading the authorities takes longer than fetching a picture
    return httpx2.create_ssl_context(trust_env=False)


async def _follow(
    client: httpx2.AsyncClient, url: httpx2.URL, into: BinaryIO, allow: Collection[str], limits: Limits
) -> int:
    for _ in range(limits.redirects + 1):
        async with _answer(client, url, allow) as response:
            if response.has_redirect_location:
                url = url.join(response.headers["Location"])
                continue
            if response.status_code != 200:
                raise FetchFailed(f"{redacted(str(url))}: answered {response.status_code}")
            return await _save(response, str(url), into, limits)
    raise FetchFailed(f"{redacted(str(url))}: more than {limits.redirects} redirects")


@asynccontextmanager
async def _answer(
    client: httpx2.AsyncClient, url: httpx2.URL, allow: Collection[str]
) -> AsyncIterator[httpx2.Response]:
    addresses = await _vetted(url, allow)
    for position, address in enumerate(addresses, start=1):
        request = client.build_request(
            "GET", url.copy_with(host=address), headers={"Host": _authority(url)},
            extensions={"sni_hostname": _host(url)},
        )  # fmt: skip
        try:
            response = await client.send(request, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            if position == len(addresses):
                raise
            continue
        try:
            yield response
        finally:
            await response.aclose()
        return


async def _vetted(url: httpx2.URL, allow: Collection[str]) -> list[str]:
    if url.scheme not in _PORTS or not url.host:
        raise FetchRefused(f"{redacted(str(url))}: only http and https are fetched")
    host, port = _host(url), url.port or _PORTS[url.scheme]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed(f"{redacted(str(url))}: the name does not resolve") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if _host_and_port(host, port) in allow:
        return addresses
    if port not in _PORTS.values():
        raise FetchRefused(
            f"{redacted(str(url))}: only ports 80 and 443 are fetched, unless PORTAL_FETCH_ALLOW says so"
        )
    if not all(is_public(ip_address(address)) for address in addresses):
        raise FetchRefused(f"{redacted(str(url))}: leads to an address that is not public")
    return addresses


async def _save(response: httpx2.Response, address: str, into: BinaryIO, limits: Limits) -> int:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise FetchFailed(f"{redacted(address)}: sent in an encoding nobody asked for")
    unzip = zlib.decompressobj(wbits=31) if encoding.endswith("gzip") else None
    size = 0
    try:
        async for block in response.aiter_raw(_BLOCK):
            for piece in _unzipped(block, unzip):
                size += into.write(piece)
                if size > limits.most_bytes:
                    raise FetchFailed(f"{redacted(address)}: larger than {limits.most_bytes} bytes")
    except zlib.error:
        raise FetchFailed(f"{redacted(address)}: its gzip is broken") from None
    if unzip is not None and (not unzip.eof or unzip.unused_data):
        raise FetchFailed(f"{redacted(address)}: its gzip is cut off or has something behind it")
    return size


def _unzipped(block: bytes, unzip: "zlib._Decompress | None") -> Iterator[bytes]:
    # In pieces: a kilobyte may stand for a megabyte, and the limit must be felt before memory is.
    if unzip is None:
        yield block
        return
    while block and not unzip.eof:
        yield unzip.decompress(block, _BLOCK)
        block = unzip.unconsumed_tail


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _authority(url: httpx2.URL) -> str:
    return url.netloc.decode("ascii")


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
