"""Who may send which form: the whole table, through the site as it is, and the rule of every route that is sent to."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from portal import addresses
from portal.db import Database
from portal.forwarding import stopping
from portal.forwarding.confirmation import RELEASE
from portal.leads import Lead
from portal.mail.composing import Letterhead
from portal.settings import Settings
from portal.signing import Signer
from portal.web import app
from portal.web.guards import csrf
from portal.web.guards.csrf import Exempt, PublicForm, TokenForm
from portal.web.routes import ROUTES
from tests.clients import CLIENTS, SENDERS, sends
from tests.web.conftest import publish
from tests.web.reading import Page, get

KEY = "k" * 40
SIGNER = Signer(KEY)
JANE = {"intent": "question", "name": "Jane Smith", "email": "jane@example.com", "words": "Is it quiet?"}
TAKEN = {"enquiry": 303, "release": 303, "one click": 200, "token form": 200}
# What is refused. Everything else in the table is taken: no client that says nothing, or little, is turned away.
REFUSED = {
    ("enquiry", "cross-site"), ("enquiry", "same-site"),
    ("release", "cross-site"), ("release", "same-site"),
    ("token form", "cross-site"), ("token form", "same-site"),
}  # fmt: skip
# What is refused where a browser itself says that it comes from another site: nothing else tells.
REFUSED_IF_SAID = {("enquiry", "sandboxed"), ("release", "sandboxed"), ("token form", "sandboxed")}


async def taken(request: Request) -> Response:
    return PlainTextResponse("taken")


def session(request: Request) -> str:
    return request.cookies.get("session", "")


# The rule that no page of today has: signed-in people's.
OTHERS = [Route("/test/token", TokenForm(taken, session), name="token", methods=["POST"])]


@pytest.fixture(scope="module", params=["https", "http"])
def settings(request, migrated_sqlite: Path, tmp_path_factory) -> Settings:
    """Everything is held: every score reaches 0."""
    folder = tmp_path_factory.mktemp("csrf")
    (folder / "portal.sqlite").write_bytes(migrated_sqlite.read_bytes())
    origin = f"{request.param}://immomarket.example"
    return Settings.from_environment({}, data_directory=folder, origin=origin, secret_key=KEY, screening_held=0)


@pytest.fixture(scope="module")
def database(settings) -> Iterator[Database]:
    opened = Database(settings.database)
    opened.write(publish)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def visitor(settings, database) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "ROUTES", ROUTES + OTHERS)
        site = app.create(settings)
    with TestClient(site, base_url=settings.origin, follow_redirects=False, cookies={"session": "anna"}) as made:
        yield made


@pytest.fixture(scope="module")
def forms(visitor, database) -> dict[str, tuple[str, dict[str, str]]]:
    """Each kind of form: where it is sent, and what an honest one holds."""
    villa = visitor.get("/en/buy?place=MB-1042").headers["location"]
    asked = {**get(visitor, villa).form(), **JANE}
    visitor.post(f"{villa}/enquire", data=asked)
    with database.read() as session:
        nonce = session.exec(select(Lead.release_nonce)).one()
    stop = stopping.link(
        Letterhead("leads@immomarket.example", "", SIGNER, "bounces@portal.example"), "jane@example.com", "en"
    )
    return {
        "enquiry": (f"{villa}/enquire", asked),
        "release": (addresses.release("en", SIGNER.sign(RELEASE, nonce)), {}),
        "one click": (stop, {"List-Unsubscribe": "One-Click"}),
        "token form": ("/test/token", {"note": "Kept", csrf.FIELD: csrf.token(SIGNER, "anna")}),
    }


def origin(visitor: TestClient) -> str:
    return str(visitor.base_url).rstrip("/")


@pytest.mark.parametrize("form", TAKEN)
@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_only_what_a_browser_itself_calls_foreign_is_refused(visitor, forms, client, sender, form):
    address, fields = forms[form]
    headers = sends(client, sender, origin(visitor))
    is_refused = (form, sender) in REFUSED | (REFUSED_IF_SAID if "Sec-Fetch-Site" in headers else set())
    answer = visitor.post(address, data=fields, headers=headers)
    assert answer.status_code == (403 if is_refused else TAKEN[form])


@pytest.mark.parametrize(
    "token",
    ["", "forged", csrf.token(SIGNER, "boris"), SIGNER.sign_timed("status", "anna")],
    ids=["none", "forged", "another's", "for something else"],  # a token names the second it was made in
)
@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_form_is_taken_with_the_token_of_its_own_session_only(visitor, client, sender, token):
    headers = sends(client, sender, origin(visitor))
    assert visitor.post("/test/token", data={csrf.FIELD: token}, headers=headers).status_code == 403


def test_what_was_typed_into_a_refused_token_form_is_given_back(visitor):
    page = Page(visitor.post("/test/token", data={"words": "An hour's work", csrf.FIELD: "stale"}))
    assert page.status == 403
    assert page.tree.get_element_by_id("words").text.strip() == "An hour's work"


@pytest.mark.parametrize("said", ["same-site", "cross-site", "Cross-Site", "anything"])
def test_a_token_form_wants_a_browser_that_speaks_to_call_it_our_own(visitor, forms, said):
    address, fields = forms["token form"]
    assert visitor.post(address, data=fields, headers={"sec-fetch-site": said}).status_code == 403


def test_every_route_that_is_sent_to_declares_its_rule_and_no_other_takes_anything():
    for route in ROUTES:
        if route.methods == {"GET", "HEAD"}:
            continue
        assert route.methods == {"POST"}, route.path
        assert isinstance(route.endpoint, PublicForm | TokenForm | Exempt), f"{route.path}: by which rule?"
        assert not isinstance(route.endpoint, Exempt) or route.endpoint.proof


def test_a_public_form_is_shown_again_by_the_module_that_takes_it():
    for route in ROUTES:
        if isinstance(route.endpoint, PublicForm):
            assert route.endpoint.returned.__module__ == route.endpoint.submit.__module__


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_a_portal_on_the_loopback_takes_forms_under_each_of_its_names(visitor, name):
    here = urlsplit("http://127.0.0.1:8000")
    request = Request({
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "state": {"site": _Site(here.geturl())},
        "headers": [(b"host", f"{name}:8000".encode()), (b"origin", f"http://{name}:8000".encode())],
    })  # fmt: skip
    assert not csrf._is_foreign(request)


class _Site:
    def __init__(self, origin: str) -> None:
        self.settings = Settings.from_environment({}, origin=origin)
