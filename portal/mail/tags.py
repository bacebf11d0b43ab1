"""Tags: how a report that comes back says which mail it is about: the mail's number, keyed so that none can be guessed.

The tag stands in the envelope sender of each mail (VERP) and in its ENVID (RFC 3461), never in the mail itself.
"""

import hmac

from portal.signing import Signer

DIGITS = 10


def of(signer: Signer, number: int) -> str:
    """The tag of a mail, such as `17.0a1b2c3d4e`."""
    return f"{number}.{signer.fingerprint('bounce', str(number))[:DIGITS]}"


def read(signer: Signer, tag: str) -> int | None:
    """The number of the mail that a tag stands for; None where it is none of ours."""
    number, _, _ = tag.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    if not tag.isascii():
        return None
    return int(number) if hmac.compare_digest(of(signer, int(number)), tag.lower()) else None


def sender(address: str, tag: str) -> str:
    """The envelope sender of a mail: where reports about it come back to."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{tag}@{domain}"


def from_recipient(signer: Signer, address: str) -> int | None:
    """The number of the mail to whose envelope sender something was sent; None where it is none of ours."""
    local, _, _ = address.strip().strip("<>").rpartition("@")
    return read(signer, local.rpartition("+")[2])
