"""What Mozilla's HTTP Observatory and Google's CSP Evaluator say of every kind of page of every face, over TLS.

The site is served once more, under an https origin; a proxy ends TLS before it, as the one of an installation would,
and also sends the forms whose answers are to be scored. Nothing here leaves the machine.
"""

import http.client
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from audit import front
from audit.front import Front, Onward, Sent, served
from audit.stand import Site, node, npm, run
from portal import addresses
from portal.demo import running
from tests.running import free_port

CHECKERS = ("@mdn/mdn-http-observatory@1.4.8", "csp_evaluator@1.1.8")
LEAST = 135
LEAST_FRAMED = 120  # a mail's own HTML, in its frame: it has inline styles and no script, each of which costs points


def check(site: Site, folder: Path) -> int:
    """Print the score of each page and every serious finding; how many pages fall short."""
    modules = _checkers(folder / "headers")
    tls, certificate = front.tls(folder / "headers")
    os.environ["NODE_EXTRA_CA_CERTS"] = str(certificate)
    settings = running.settings(folder, free_port())
    with ExitStack() as stack:
        public = stack.enter_context(_fronts(settings.bind, tls, _sent(site)))
        inside = stack.enter_context(_fronts(settings.ops_bind, tls, {}))
        secure = {"origin": f"https://localhost:{public[1]}", "trusted_proxies": ("127.0.0.1",)}
        processes = stack.enter_context(running.Processes(settings.model_copy(update=secure)))
        processes.wait_ready()
        short = _score(modules, "public", public, {**site.pages, **{name: f"/sent/{name}" for name in _sent(site)}})
        short += _score(modules, "ops", inside, _inside(settings.ops_bind))
    return short


def _score(modules: Path, face: str, ports: tuple[int, int], pages: Mapping[str, str]) -> int:
    script = Path(__file__).with_suffix(".mjs")
    said = run([node(), str(script), str(modules), *map(str, ports), *pages.values()])
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    short = 0
    for name, row in zip(pages, rows, strict=True):
        wrong = row["score"] < (LEAST_FRAMED if name == "mail-frame" else LEAST) or row["high"] or not row["hsts"]
        short += bool(wrong or row["cookies"])
        remarks = " ".join([*row["lost"], *row["high"], *row["cookies"]])
        print(f"headers      {face:7}{name:16}{row['status']:5}{row['score']:5}  {remarks}")
    scores = [row["score"] for row in rows]
    print(f"headers      {face:7}{len(rows)} pages score {min(scores)} to {max(scores)}; {short} fall short")
    return short


def _sent(site: Site) -> dict[str, Sent]:
    form = site.pages["form"]
    return {
        "form-422": Sent(form, b"name="),
        "form-403": Sent(form, b"name=", {**Sent(form).headers, "Sec-Fetch-Site": "cross-site"}),
        "form-413": Sent(form, b"words=" + b"x" * 70_000),
        "form-415": Sent(form, b"{}", {"Content-Type": "application/json"}),
        "405": Sent("/en/", b"x="),
        "400": Sent("/en/", None, {"Host": "elsewhere.example"}),
    }


def _inside(bind: str) -> dict[str, str]:
    connection = http.client.HTTPConnection(bind, timeout=10)
    connection.request("GET", addresses.OPS)
    listed = connection.getresponse().read().decode()
    connection.close()
    mail = listed.partition('href="/ops/mail/')[2].partition('"')[0]
    number = int(mail)
    return {
        "mails": addresses.OPS, "mail": addresses.ops_mail(number), "mail-frame": addresses.ops_mail_html(number),
        "style": addresses.style("light"), "404": "/nothing-here",
    }  # fmt: skip


@contextmanager
def _fronts(bind: str, tls: ssl.SSLContext, sent: Mapping[str, Sent]) -> Iterator[tuple[int, int]]:
    """A proxy with TLS before what listens on `bind`, and a server without that sends on to it: the ports of both."""
    with served(Front(bind, tls, sent)) as secure, served(Onward(f"https://localhost:{secure.server_port}")) as plain:
        yield plain.server_port, secure.server_port


def _checkers(folder: Path) -> Path:
    """Their modules; their scripts are not run: they would fetch lists that only a public site can stand on."""
    modules = npm(folder, CHECKERS, "--ignore-scripts")
    (modules / "@mdn" / "mdn-http-observatory" / "conf" / "hsts-preload.json").write_text("[]")
    return modules
