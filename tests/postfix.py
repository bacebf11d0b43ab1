"""A Postfix of our own: the distribution's programs on a configuration, a queue and ports of a private folder.

Never the system's instance, never beyond loopback, no DNS. It is set up by the very lines of the README, with what only
this machine knows put in. Postfix wants to be started by root.
"""

import contextlib
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.browsers import PACKAGE, run
from tests.running import REPOSITORY, eventually, free_port

USER = "nobody"  # runs the pipe: neither root nor Postfix itself may
OUTSIDE = "127.0.0.3"  # from here mail comes in as from a stranger
# What Postfix needs of itself (master(5)): no chroot, no other port.
SERVICES = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixMissing(Exception):
    """There is no Postfix to start, or nobody may; the message says what to run."""


def fetch() -> None:
    """Get Debian's Postfix where there is none and one is root already. Raises `PostfixMissing`."""
    if os.geteuid() != 0:
        raise PostfixMissing("only root can start a Postfix")
    if shutil.which("postfix") is None:
        preset = "postfix postfix/main_mailer_type select No configuration\n"  # nothing is asked, nothing started
        with contextlib.suppress(OSError):
            subprocess.run(["debconf-set-selections"], input=preset, text=True, check=False)
        run("apt-get", "update")
        run(*PACKAGE, "postfix")
    if shutil.which("postfix") is None:
        raise PostfixMissing("no Postfix on this machine; run: sudo apt-get install postfix")


class Postfix:
    """A running Postfix for `domain` while inside `with`; all other mail goes to `next_hop`, a port of 127.0.0.1.

    `settings` are main.cf's, and `over` takes the place of the README's lines. Reports go to `portal mail receive` with
    this `environment`, or into `maildir` where `settings` and `over` say so.
    """

    def __init__(
        self, domain: str, next_hop: int, environment: Mapping[str, str], over: Mapping[str, str], **settings: str
    ) -> None:  # fmt: skip
        self.folder = Path(tempfile.mkdtemp(prefix="portal-postfix-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port, self.maildir = free_port(), self.folder / "mail" / "bounces"
        main, master = documented(domain, environment)
        self._write(domain, main, master, next_hop, settings, over)

    def __enter__(self) -> Self:
        self._run("start")
        try:
            eventually(lambda: _listens(self.port))
        except AssertionError:
            raise AssertionError(self.log()) from None
        return self

    def __exit__(self, *raised: object) -> None:
        self._run("stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def relay(self) -> str:
        """The address for PORTAL_SMTP_RELAY."""
        return f"smtp://127.0.0.1:{self.port}"

    def log(self) -> str:
        """What it has written so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def flush(self) -> None:
        """Try everything that waits again, now."""
        self._run("flush")

    def _write(
        self, domain: str, main: str, master: str, next_hop: int, settings: Mapping[str, str], over: Mapping[str, str]
    ) -> None:  # fmt: skip
        mail = pwd.getpwnam("postfix")
        for name, owner in (("etc", 0), ("queue", 0), ("data", mail.pw_uid), ("mail", mail.pw_uid)):
            (self.folder / name).mkdir(mode=0o755)
            os.chown(self.folder / name, owner, -1)
        chosen = {
            "compatibility_level": "3.6", "queue_directory": f"{self.folder}/queue",
            "data_directory": f"{self.folder}/data", "maillog_file": f"{self.folder}/log",
            "maillog_file_prefixes": str(self.folder), "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native", "relayhost": f"[127.0.0.1]:{next_hop}",
            "myhostname": f"mail.{domain}", "mydestination": domain, "mynetworks": "127.0.0.1/32",
            "alias_maps": "", "alias_database": "", "smtpd_peername_lookup": "no", "smtputf8_enable": "no",
            "virtual_mailbox_base": f"{self.folder}/mail", "virtual_uid_maps": f"static:{mail.pw_uid}",
            "virtual_gid_maps": f"static:{mail.pw_gid}", "virtual_minimum_uid": "1",
        }  # fmt: skip
        lines = [f"{name} = {value}" for name, value in (chosen | settings).items()]
        etc = self.folder / "etc"
        kept = [line for line in main.splitlines() if line.partition(" =")[0] not in over]
        kept += [f"{name} = {value}" for name, value in over.items()]
        (etc / "main.cf").write_text("\n".join([*lines, *kept, ""]))
        (etc / "master.cf").write_text(f"127.0.0.1:{self.port} inet n - n - - smtpd\n{SERVICES}{master}\n")

    def _run(self, what: str) -> None:
        done = subprocess.run(["postfix", "-c", str(self.folder / "etc"), what], capture_output=True, text=True)
        assert done.returncode == 0 or what == "stop", f"postfix {what}: {done.stderr}\n{self.log()}"


def documented(domain: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The README's lines for main.cf and master.cf, with this domain, user, program and environment in them."""
    text = (REPOSITORY / "README.md").read_text()
    found = re.search(r"```\n# main\.cf\n(.*?)# master\.cf[^\n]*\n(.*?)```", text, re.DOTALL)
    assert found is not None, "the README says no more how to set up Postfix"
    main, master = (part.replace("immomarket.net", domain).strip() for part in found.groups())
    settings = " ".join(f"{name}={value}" for name, value in environment.items())
    for ours, put in (
        ("user=portal", f"user={USER}"), ("PORTAL_DATABASE_URL=…", settings),
        ("/opt/portal/bin/portal", f"{sys.executable} -m portal"),
    ):  # fmt: skip
        assert ours in master, f"the README's line for master.cf says {ours} no more"
        master = master.replace(ours, put)
    return main, master


def others_may_run_this() -> bool:
    """Whether the user of the pipe can enter this Python and this repository."""
    paths = [Path(sys.executable).absolute(), Path(sys.executable).resolve(), Path(sys.prefix), REPOSITORY]
    return all(part.stat().st_mode & stat.S_IXOTH for path in paths for part in (path, *path.parents))


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


if __name__ == "__main__":
    try:
        fetch()
    except PostfixMissing as missing:
        sys.stderr.write(f"{missing}\n")  # the drills that want one say that they are skipped
