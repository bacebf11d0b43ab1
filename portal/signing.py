"""Signed tokens and keyed fingerprints: the only module that knows itsdangerous or the secret key.

A token is signed, not encrypted: nothing personal may stand in one. Each purpose has a salt of its own, so that a
token made for one address is worth nothing at another.
"""

import hashlib
import hmac
from typing import Any

from itsdangerous import (
    BadSignature,
    SignatureExpired,
    URLSafeSerializer,
    URLSafeTimedSerializer,
)


class TokenRefused(Exception):
    """The token was not made here for this purpose, or its time is over (`expired`)."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(reason)
        self.expired = expired


class Signer:
    """Makes and reads tokens, and fingerprints values, under one secret key."""

    def __init__(self, key: str) -> None:
        if len(key) < 32:
            raise ValueError("the secret key must have at least 32 characters")
        self._key = key

    def sign(self, purpose: str, payload: Any) -> str:
        """A URL-safe token of a JSON payload. The same payload makes the same token, so pages can be cached."""
        return str(URLSafeSerializer(self._key, salt=purpose).dumps(payload))

    def read(self, purpose: str, token: str) -> Any:
        """The payload of a token from `sign`. Raises `TokenRefused`."""
        try:
            return URLSafeSerializer(self._key, salt=purpose).loads(token)
        except BadSignature:
            raise TokenRefused("not one of our tokens") from None

    def sign_timed(self, purpose: str, payload: Any) -> str:
        """A token that carries the second it was made."""
        return str(URLSafeTimedSerializer(self._key, salt=purpose).dumps(payload))

    def read_timed(self, purpose: str, token: str, max_age: int) -> Any:
        """The payload of a token from `sign_timed` no older than `max_age` seconds. Raises `TokenRefused`."""
        try:
            return URLSafeTimedSerializer(self._key, salt=purpose).loads(token, max_age=max_age)
        except SignatureExpired:
            raise TokenRefused("the time of this token is over", expired=True) from None
        except BadSignature:
            raise TokenRefused("not one of our tokens") from None

    def fingerprint(self, purpose: str, *parts: str) -> str:
        """64 hex digits that stand for the parts; without the key nothing can be learned or guessed from them."""
        key = hashlib.sha256(f"{purpose}\0{self._key}".encode()).digest()
        message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.new(key, message, hashlib.sha256).hexdigest()
