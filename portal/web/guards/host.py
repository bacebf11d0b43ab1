"""The host guard: answers only requests for the public origin, each naming it once (RFC 9112 §3.2).

Other names reach this process by mistake or by rebinding of DNS, and whatever builds an address from `Host` would build
a stranger's. Health checks are answered under any one name, because balancers ask by address.
"""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from portal import addresses

HEALTH = (addresses.ALIVE, addresses.READY)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}


class HostGuard:
    """Passes on what is meant for us; `refused` answers everything else."""

    def __init__(self, app: ASGIApp, origin: str, refused: ASGIApp) -> None:
        self.app = app
        self.refused = refused
        self.ours = hosts(origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or have it refused."""
        app = self.app if scope["type"] != "http" or self._is_for_us(scope) else self.refused
        await app(scope, receive, send)

    def _is_for_us(self, scope: Scope) -> bool:
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1 or not named[0]:  # granian puts an empty one where there was none
            return False
        return named[0].lower() in self.ours or scope["path"] in HEALTH


def hosts(origin: str) -> frozenset[bytes]:
    """What `Host` may say for an origin. One on the loopback is reached under each of the loopback's names."""
    parts = urlsplit(origin)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    default = DEFAULT_PORTS[parts.scheme]
    port = parts.port or default
    names = LOOPBACK if name in LOOPBACK else (name,)
    found = {f"{each}:{port}" for each in names} | {each for each in names if port == default}
    return frozenset(each.encode() for each in found)
