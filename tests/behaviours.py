"""What relays do: each behaviour with what it makes of a mail, at once, and who is told."""

import datetime
import ssl
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.smtp import DROP, HANG, Scripted


@dataclass(frozen=True)
class Behaviour:
    """One way to behave; the state, outcome, phase and blame it leads to, due minutes from then, and alert at once.

    Where `may_repeat`, the same bytes may arrive more than once: no answer came after the text.
    """

    name: str
    script: dict[str, str]
    state: str
    outcome: str
    phase: str
    blame: str
    due: float | None = None
    alerts: bool = False
    may_repeat: bool = False
    scheme: str = "smtp"
    server: dict[str, Any] = field(default_factory=dict)

    def relay(self) -> Scripted:
        """A server that behaves so."""
        made = dict(self.server)
        if made.pop("self_signed", False):
            made["certificate"] = self_signed()
        return Scripted(self.script, **made)


@cache
def self_signed() -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    signed = made.not_valid_after(now + datetime.timedelta(days=9)).sign(key, hashes.SHA256())
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "both.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        pem.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
    return context


TLS = {"EHLO": "250-hello\r\n250 STARTTLS"}
RELAY = ("queued", "relay")
SETUP = ("queued", "setup")
BEHAVIOURS = [
    Behaviour("greets with 421", {"greeting": "421 busy"}, *RELAY, "connect", "relay", 0.25),
    Behaviour("greets with 554", {"greeting": "554 go away"}, *SETUP, "connect", "relay", 0.25, alerts=True),
    Behaviour("never greets", {"greeting": HANG}, *RELAY, "connect", "relay", 0.25),
    Behaviour("hangs up at once", {"greeting": DROP}, *RELAY, "connect", "relay", 0.25),
    Behaviour("greets with garbage", {"greeting": "hello?"}, *RELAY, "connect", "relay", 0.25),
    Behaviour("drops at EHLO", {"EHLO": DROP, "HELO": DROP}, *RELAY, "connect", "relay", 0.25),
    Behaviour("knows no EHLO", {"EHLO": "500 what", "HELO": "500 what"}, *SETUP, "connect", "relay", 0.25, alerts=True),
    Behaviour("offers no STARTTLS", {}, *SETUP, "connect", "relay", 0.25, alerts=True, scheme="smtp+starttls"),
    Behaviour(
        "refuses STARTTLS", TLS | {"STAR": "454 not now"}, *RELAY, "connect", "relay", 0.25, scheme="smtp+starttls"
    ),
    Behaviour(
        "has a certificate nobody vouches for",
        {},
        *SETUP,
        "connect",
        "relay",
        0.25,
        alerts=True,
        scheme="smtps",
        server={"self_signed": True},
    ),
    Behaviour("421 at MAIL", {"MAIL": "421 closing"}, *RELAY, "mail", "relay", 0.25),
    Behaviour("451 at MAIL", {"MAIL": "451 not now"}, *RELAY, "mail", "relay", 0.25),
    Behaviour("550 at MAIL", {"MAIL": "550 not you"}, *SETUP, "mail", "relay", 0.25, alerts=True),
    Behaviour("drops at MAIL", {"MAIL": DROP}, *RELAY, "mail", "relay", 0.25),
    Behaviour("is silent at MAIL", {"MAIL": HANG}, *RELAY, "mail", "relay", 0.25),
    Behaviour("421 at RCPT", {"RCPT": "421 closing"}, *RELAY, "rcpt", "relay", 0.25),
    Behaviour("450 at RCPT", {"RCPT": "450 4.7.1 greylisted"}, "queued", "later", "rcpt", "recipient", 6),
    Behaviour("452 at RCPT", {"RCPT": "452 4.2.2 full"}, "queued", "full", "rcpt", "recipient", 240),
    Behaviour("550 at RCPT", {"RCPT": "550 5.1.1 no such user"}, "refused", "refused", "rcpt", "address"),
    Behaviour("550 5.7.1 at RCPT", {"RCPT": "550 5.7.1 blocked"}, "queued", "policy", "rcpt", "us", 60),
    Behaviour("drops at RCPT", {"RCPT": DROP}, *RELAY, "rcpt", "relay", 0.25),
    Behaviour("451 at DATA", {"DATA": "451 not now"}, "queued", "later", "data", "recipient", 6),
    Behaviour("554 at DATA", {"DATA": "554 no"}, "queued", "policy", "data", "us", 60),
    Behaviour("drops at DATA", {"DATA": DROP}, "uncertain", "uncertain", "data", "", 15, may_repeat=True),
    Behaviour("421 at the dot", {"dot": "421 closing"}, *RELAY, "data", "relay", 0.25, may_repeat=True),
    Behaviour("451 at the dot", {"dot": "451 4.3.0 later"}, "queued", "later", "data", "recipient", 6, may_repeat=True),
    Behaviour("552 5.3.4 at the dot", {"dot": "552 5.3.4 too big"}, "parked", "size", "data", "us"),
    Behaviour("554 5.7.1 at the dot", {"dot": "554 5.7.1 spam"}, "queued", "policy", "data", "us", 60, may_repeat=True),
    Behaviour("drops after the dot", {"dot": DROP}, "uncertain", "uncertain", "data", "", 15, may_repeat=True),
    Behaviour("hangs after the dot", {"dot": HANG}, "uncertain", "uncertain", "data", "", 15, may_repeat=True),
    Behaviour("garbage after the dot", {"dot": "hello?"}, "uncertain", "uncertain", "data", "", 15, may_repeat=True),
    Behaviour("slow by the byte", {}, "accepted", "accepted", "done", "", server={"by_the_byte": True}),
    Behaviour("421 after two mails", {}, "accepted", "accepted", "done", "", server={"enough": 2}),
]
