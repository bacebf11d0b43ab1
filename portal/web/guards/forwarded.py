"""The forwarded-headers guard: behind a trusted proxy `scope["client"]` is the visitor, and nothing else knows of it.

`X-Forwarded-For` and `X-Forwarded-Proto` are believed where the peer is in PORTAL_TRUSTED_PROXIES. From everybody else
they are a claim, so they are taken off the request; so are their relatives, which nothing here reads.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

FOR, PROTO = b"x-forwarded-for", b"x-forwarded-proto"
CLAIMS = frozenset({
    FOR, PROTO, b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix", b"x-real-ip", b"forwarded",
    b"client-ip", b"true-client-ip", b"x-client-ip", b"x-cluster-client-ip", b"cf-connecting-ip",
})  # fmt: skip

Address: TypeAlias = IPv4Address | IPv6Address


class ForwardedGuard:
    """Puts the visitor's address where the server put its peer's, and takes the headers that claim one away."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self.app = app
        self.proxies = [ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the visitor's own."""
        if scope["type"] == "http" and not CLAIMS.isdisjoint(dict(scope["headers"])):
            scope = self._seen_through(scope)
        await self.app(scope, receive, send)

    def _seen_through(self, scope: Scope) -> Scope:
        claims = [pair for pair in scope["headers"] if pair[0] in CLAIMS]
        kept = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] not in CLAIMS]}
        peer = _read(scope["client"][0]) if scope.get("client") else None
        if peer is None or not self._is_trusted(peer):
            return kept
        named = b",".join(value for name, value in claims if name == FOR).decode("latin-1")
        schemes = [value.strip().lower() for name, value in claims if name == PROTO]
        if schemes in ([b"http"], [b"https"]):
            kept["scheme"] = schemes[0].decode()
        kept["client"] = (str(self._visitor(peer, named.split(","))), 0)
        return kept

    def _visitor(self, peer: Address, named: Sequence[str]) -> Address:
        """The right-most address that is no trusted proxy's: each proxy vouches for the one to its left only."""
        visitor = peer
        for text in reversed(named):
            address = _read(text)
            if address is None or not self._is_trusted(visitor):
                break
            visitor = address
        return visitor

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self.proxies)


def _read(text: str) -> Address | None:
    """An address as proxies write it, some with a port; None where it is none. IPv4 inside IPv6 is IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
