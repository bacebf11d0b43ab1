"""The site's own files, photos by the hash of their content."""

import re

import pytest

from portal.settings import ROOT
from portal.templating import static

FOR_EVER = "public, max-age=31536000, immutable"
HASH = "a" * 64


def test_a_file_is_kept_for_ever_at_its_fingerprint_and_for_a_week_without(client):
    for name in ("site.css", "icons.svg", "favicon.svg", "fonts/figtree.woff2", "coast.svg"):
        assert client.get(static(name)).headers["cache-control"] == FOR_EVER
        assert client.get(f"/static/{name}").headers["cache-control"] == "public, max-age=604800"
        assert client.get(f"/static/{name}?v=0000000000").headers["cache-control"] == "public, max-age=604800"
    assert client.get("/static/site.css").headers["content-type"].startswith("text/css")


def test_the_stylesheet_names_its_files_by_their_present_fingerprint():
    named = re.findall(r'url\("([^"]+)"\)', (ROOT / "static" / "site.css").read_text(encoding="utf-8"))
    assert named
    for address in named:
        assert f"/static/{address}" == static(address.partition("?")[0])


@pytest.mark.parametrize(
    "name",
    ["", "none.css", "..%2fREADME.md", "fonts%2f..%2fsite.css", "site.css%00", "fonts/OFL", ".hidden",
     "x" * 300 + ".css", "x/" * 3000 + "x.css"],
)  # fmt: skip
def test_nothing_else_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("name", "kind"), [("480.webp", "image/webp"), ("1600.avif", "image/avif"), ("800.jpg", "image/jpeg")]
)
def test_a_photo_is_served_in_its_widths_and_kept_for_ever(client, settings, name, kind):
    folder = settings.data_directory / "media" / HASH
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"RIFF")
    answer = client.get(f"/media/{HASH}/{name}")
    assert (answer.status_code, answer.content) == (200, b"RIFF")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, FOR_EVER)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin", "mail is read on pages of others"


@pytest.mark.parametrize(
    "path", [f"{HASH}/800.webp", f"{HASH}/481.webp", f"{HASH}/480.php", "..%2f..%2fsecret/480.webp", "A/480.jpg"]
)
def test_a_photo_we_do_not_have_is_not_found(client, path):
    assert client.get(f"/media/{path}").status_code == 404
