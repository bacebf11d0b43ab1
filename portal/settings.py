"""The settings: read once from the environment, checked strictly, handed in, never imported as an instance.

Every setting is an environment variable `PORTAL_<NAME>`; `PORTAL_<NAME>_FILE` names a file that holds the value
instead (for secrets). A variable that begins with `PORTAL_` and names no setting is refused, because it is a typing
mistake that would otherwise be found in production.
"""

import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
CAPTURE = "capture:"  # the demo's relay: accepts every mail and sends none; refused in production


class SettingsRefused(Exception):
    """The environment does not make valid settings; the message says which variable, why, and what to write."""


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"} or parts.query:
        raise ValueError("must be scheme and host alone, such as https://immomarket.net")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _bind(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be host:port, such as 127.0.0.1:8000")
    return value


def _bind_or_none(value: str) -> str:
    return value and _bind(value)


def _relay(value: str) -> str:
    if value == CAPTURE:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtp+starttls", "smtps"} or not parts.hostname:
        raise ValueError("must be smtp+starttls://user:password@host:587, smtps://host:465 or smtp://127.0.0.1:25")
    return value


def _relay_or_none(value: str) -> str:
    return value and _relay(value)


def _secret(value: str) -> str:
    if value and len(value) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value)) if "/" in value else str(ip_network(value).network_address)
    except ValueError:
        raise ValueError("must be addresses or networks, such as 127.0.0.1,10.0.0.0/8") from None


def _mail_to(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if value and not (local and domain and value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("must be one e-mail address, such as ops@example.com")
    return value


def _command(value: str) -> str:
    try:
        found = shlex.split(value)
    except ValueError:
        raise ValueError("must be a command as a shell would read it; a quotation mark is left open") from None
    if value and (not found or shutil.which(found[0]) is None):
        raise ValueError(f"must be a command; {found[0] if found else value!r} is none on this host")
    return value


def _absolute(value: Path | None) -> Path | None:
    return value and value.absolute()


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Origin = Annotated[str, AfterValidator(_origin)]
Bind = Annotated[str, AfterValidator(_bind)]
OpsBind = Annotated[str, AfterValidator(_bind_or_none)]
Relay = Annotated[str, AfterValidator(_relay)]
OtherRelay = Annotated[str, AfterValidator(_relay_or_none)]
Secret = Annotated[str, AfterValidator(_secret)]
Network = Annotated[str, AfterValidator(_network)]
MailTo = Annotated[str, AfterValidator(_mail_to)]
Command = Annotated[str, AfterValidator(_command)]
KeyPath = Annotated[Path | None, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """All settings. Field names are the variables' names in lower case without the prefix; docs in the README."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="forbid", frozen=True)

    database_url: str = ""
    data_directory: Annotated[Path, AfterValidator(Path.absolute)] = ROOT / "var"
    origin: Origin = "http://127.0.0.1:8000"
    bind: Bind = "127.0.0.1:8000"
    ops_bind: OpsBind = "127.0.0.1:8001"
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    serve_processes: int = Field(default=1, ge=1, le=64)
    smtp_relay: Relay = "smtp://127.0.0.1:25"
    smtp_relay_second: OtherRelay = ""
    mail_connections: int = Field(default=4, ge=1, le=50)
    mail_from: str = "leads@immomarket.net"
    bounce_mail: MailTo = ""
    bounce_maildir: KeyPath = None
    contact_mail: MailTo = ""
    secret_key: Secret = ""
    sealing_key: KeyPath = None
    promise_key: KeyPath = None
    operator: str = ""
    ops_mail: MailTo = ""
    alert_command: Command = ""
    policy_notice_days: int = Field(default=30, ge=0, le=365)
    screening_held: int = Field(default=45, ge=0)
    screening_spam: int = Field(default=100, ge=0)
    fetch_allow: Annotated[tuple[Bind, ...], NoDecode] = ()
    ceiling_network_hour: int = Field(default=600, ge=1)
    ceiling_hour: int = Field(default=60_000, ge=1)
    clock_factor: float = Field(default=1.0, gt=0, le=1.0)
    browser: str = ""  # the tests' alone, here so that it may stand beside the others
    mode: Literal["production", "demo"] = "production"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `from_environment` read: it knows `_FILE`, and refuses what is misspelt."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> "Settings":
        """Read `PORTAL_…` and `PORTAL_…_FILE` once. Raises `SettingsRefused` with one line a fault."""
        environment = os.environ if environment is None else environment
        values = {**_from(environment), **overrides}
        for name in ("trusted_proxies", "fetch_allow"):
            values[name] = tuple(_words(values.get(name, ())))
        try:
            return cls(**values)
        except ValidationError as refused:
            raise SettingsRefused("\n".join(_line(error) for error in refused.errors())) from None

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database: the one set, else SQLite in the data directory."""
        return self.database_url or f"sqlite:///{self.data_directory / 'portal.sqlite'}"

    @property
    def key(self) -> str:
        """The secret all tokens are signed with: the one set, else one made once and kept in the data directory."""
        return self.secret_key or _kept_secret(self.data_directory / "secret.key")

    @property
    def mail_domain(self) -> str:
        """The domain of our own mails, right of the @ in Message-IDs."""
        return self.mail_from.rpartition("@")[2]

    @property
    def bounce_address(self) -> str:
        """Where reports about our mails come back to; each mail's envelope sender has its own tag in it."""
        return self.bounce_mail or f"bounces@{self.mail_domain}"

    @property
    def https(self) -> bool:
        """Whether the public origin is https: HSTS, `__Host-` and upgrade-insecure-requests depend on it."""
        return self.origin.startswith("https://")


def _from(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith("PORTAL_"):
            continue
        name = variable.removeprefix("PORTAL_").lower()
        if name.endswith("_file") and name.removesuffix("_file") in Settings.model_fields:
            name, value = name.removesuffix("_file"), _read(variable, Path(value))
        if name in values:
            raise SettingsRefused(f"PORTAL_{name.upper()}: set twice, also as PORTAL_{name.upper()}_FILE")
        values[name] = value
    return values


def _read(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsRefused(f"{variable}: cannot read {path}: {error.strerror}") from None


def _line(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"][:1]).upper()
    if error["type"] == "extra_forbidden":
        return f"PORTAL_{name}: no such setting; the README lists them all"
    return f"PORTAL_{name}: {error['msg'].removeprefix('Value error, ')}"


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(
            path,
            "x",
            encoding="ascii",
            opener=lambda name, flags: os.open(name, flags, 0o600),
        ) as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()
