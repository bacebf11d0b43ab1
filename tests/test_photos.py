"""The photo store: what it keeps of a picture, what it will not open, and how the worker makes the sizes."""

import asyncio
import errno
import hashlib
import re
import struct
import zlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import select

from portal import work
from portal.catalogue import photos
from portal.catalogue.photos import Media
from portal.db import Database
from portal.settings import ROOT, Settings
from tests.cast import NOW

SUFFIXES = ("avif", "jpg", "webp")


def encoded(size: tuple[int, int], kind: str = "PNG", mode: str = "RGB", colour: object = "teal", **options) -> bytes:
    made = BytesIO()
    Image.new(mode, size, colour).save(made, kind, **options)
    return made.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">II", zlib.crc32(head), 1000) + b"IDAT"


def kept(folder: Path, media: str, name: str) -> Image.Image:
    return Image.open(BytesIO((folder / "media" / media / name).read_bytes()))


def row(database: Database, media: str) -> Media:
    with database.read() as session:
        return session.exec(select(Media).where(Media.hash == media)).one()


def made(database: Database, folder: Path, given: bytes) -> Media:
    """The row of a picture once the worker has seen it."""
    media = photos.receive(database, folder, given, NOW)
    photos.make_waiting(database, folder, NOW)
    return row(database, media)


def names(folder: Path, media: str) -> list[str]:
    return sorted(path.name for path in (folder / "media" / media).iterdir())


def test_a_picture_waits_as_it_was_given_until_its_sizes_are_made(database: Database, tmp_path: Path):
    given = encoded((1700, 1200))
    media = photos.receive(database, tmp_path, given, NOW)
    assert media == hashlib.sha256(given).hexdigest()
    assert row(database, media).state == "new"
    assert (tmp_path / "media" / "given" / media).read_bytes() == given
    (done,) = photos.make_waiting(database, tmp_path, NOW)
    assert (done.media, done.reason) == (media, None)
    assert names(tmp_path, media) == sorted(f"{width}.{suffix}" for width in photos.WIDTHS for suffix in SUFFIXES)
    found = row(database, media)
    assert (found.state, found.width, found.height, found.made_at) == ("ready", 1600, 1129, NOW)
    assert kept(tmp_path, media, "800.jpg").size == (800, 565)
    formats = [kept(tmp_path, media, f"480.{suffix}").format for suffix in SUFFIXES]
    assert formats == ["AVIF", "JPEG", "WEBP"]
    assert list((tmp_path / "media" / "given").iterdir()) == []
    assert photos.make_waiting(database, tmp_path, NOW) == []


def test_a_small_picture_is_never_enlarged_and_has_only_the_sizes_it_fills(database: Database, tmp_path: Path):
    upright, tiny = (made(database, tmp_path, encoded(size, "JPEG")) for size in ((900, 1350), (300, 200)))
    assert (upright.width, upright.height, photos.widths(upright.width)) == (800, 1200, [480, 800])
    assert (tiny.width, tiny.height, photos.widths(tiny.width)) == (300, 200, [480])
    for found in (upright, tiny):
        assert {int(name.partition(".")[0]) for name in names(tmp_path, found.hash)} == set(photos.widths(found.width))


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (480, 640)])
def test_the_smallest_size_of_the_noisiest_photo_is_light_enough_for_a_mail(tmp_path: Path, size: tuple[int, int]):
    noise = Image.merge("RGB", [Image.effect_noise(size, 120) for _ in range(3)])
    given = BytesIO()
    noise.save(given, "JPEG", quality=70)
    media = "ab" * 32
    (tmp_path / "media" / "given").mkdir(parents=True)
    (tmp_path / "media" / "given" / media).write_bytes(given.getvalue())
    assert photos.make(tmp_path, media).reason is None
    smallest = tmp_path / "media" / media / "480.jpg"
    assert smallest.stat().st_size <= photos.LIGHT == 100_000
    with Image.open(smallest) as shown:
        assert shown.size == (480, size[1] * 480 // size[0])


def test_the_same_bytes_again_cost_nothing(database: Database, tmp_path: Path):
    given = encoded((500, 300))
    found = made(database, tmp_path, given)
    assert photos.receive(database, tmp_path, given, NOW + timedelta(days=1)) == found.hash
    assert row(database, found.hash) == found and list((tmp_path / "media" / "given").iterdir()) == []


def test_a_picture_lying_on_its_side_is_turned_and_loses_what_its_camera_wrote(database: Database, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody's camera"
    found = made(database, tmp_path, encoded((600, 400), "JPEG", exif=exif))
    for name in names(tmp_path, found.hash):
        assert not kept(tmp_path, found.hash, name).getexif()
    assert (found.width, found.height) == (400, 600)


def test_what_can_be_seen_through_stands_on_white(database: Database, tmp_path: Path):
    found = made(database, tmp_path, encoded((500, 300), mode="RGBA", colour=(255, 0, 0, 0)))
    assert kept(tmp_path, found.hash, "480.jpg").getpixel((200, 100)) == (255, 255, 255)


def test_a_frame_has_the_colour_of_the_stylesheet_that_comes_nearest():
    styles = (ROOT / "static" / "site.css").read_text()
    found = re.findall(r"\.(p-\d\d) \{ --photo: (#[0-9a-f]{6});", styles)
    assert dict(found) == {f"p-{number:02}": colour for number, colour in enumerate(photos.COLOURS, 1)}
    assert photos.colour_class(Image.new("RGB", (90, 60), "#aabfc8")) == "p-13"
    assert photos.colour_class(Image.new("RGB", (90, 60), "black")) == "p-06"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"", "not a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
        (encoded((20, 20), "GIF"), "not a JPEG"),
        (encoded((900, 600), "JPEG")[:400], "broken"),
        (png_header(500, 300), "broken"),
        (png_header(10_000, 6_000), "pixels"),
        (png_header(30_000, 30_000), "pixels"),
        (png_header(20_000, 20), "along a side"),
        (b"\xff\xd8" + bytes(photos.MOST_BYTES), "bytes"),
        (encoded((20, 20), "JPEG") + b"\xff\xda" * photos.MOST_SCANS, "scans"),
    ],
    ids=["nothing", "svg", "gif", "cut short", "empty", "too many pixels", "a bomb", "too long", "too large",
        "too many passes"],
)  # fmt: skip
def test_what_is_no_picture_we_take_is_refused_with_the_reason_and_leaves_nothing(tmp_path: Path, given, why):
    folder = tmp_path / "media" / "given"
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(given)
    refused = photos.make(tmp_path, "a")
    assert why in (refused.reason or "") and refused.width is None
    assert [path.name for path in (tmp_path / "media").rglob("*")] == ["given"]


def test_a_refused_picture_is_told_and_never_tried_again(database: Database, tmp_path: Path, capsys):
    good, bad = (photos.receive(database, tmp_path, given, NOW) for given in (encoded((500, 300)), b"no picture"))
    settings = Settings(data_directory=tmp_path, secret_key="k" * 40, smtp_relay="smtp://127.0.0.1:1")
    asyncio.run(work.run(settings, database, once=True))
    assert (row(database, good).state, row(database, bad).state) == ("ready", "refused")
    assert row(database, bad).reason == "not a JPEG, PNG or WebP picture"
    assert f'"media": "{bad}"' in capsys.readouterr().err
    assert photos.make_waiting(database, tmp_path, NOW) == []


@pytest.mark.parametrize("end", [KeyboardInterrupt(), OSError(errno.ENOSPC, "disk full")], ids=["killed", "disk full"])
def test_a_worker_that_cannot_finish_the_sizes_leaves_the_picture_to_the_next(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
):
    def fail(*_: object, **__: object) -> None:
        raise end

    media = photos.receive(database, tmp_path, encoded((500, 300)), NOW)
    with monkeypatch.context() as broken:
        broken.setattr(Image.Image, "save", fail)
        with pytest.raises(type(end)):
            photos.make_waiting(database, tmp_path, NOW)
    assert row(database, media).state == "new"
    assert [path.name for path in (tmp_path / "media").iterdir()] == ["given"]
    assert [done.reason for done in photos.make_waiting(database, tmp_path, NOW)] == [None]
    assert row(database, media).state == "ready"


def test_a_picture_that_cannot_be_encoded_is_refused_and_stops_no_other(database, tmp_path: Path, monkeypatch):
    media = photos.receive(database, tmp_path, encoded((500, 300)), NOW)
    monkeypatch.setitem(photos.ENCODINGS, "jpg", {"quality": "none"})
    assert [done.reason for done in photos.make_waiting(database, tmp_path, NOW)] == ["cannot be encoded: ValueError"]
    assert row(database, media).state == "refused"
    assert [path.name for path in (tmp_path / "media").rglob("*")] == ["given"]


def test_a_picture_that_another_worker_makes_in_the_same_moment_is_ready_for_both(tmp_path: Path, monkeypatch):
    given = tmp_path / "media" / "given" / "a"
    given.parent.mkdir(parents=True)
    given.write_bytes(encoded((500, 300)))
    read = Path.read_bytes

    def too_late(path: Path) -> bytes:
        monkeypatch.setattr(Path, "read_bytes", read)
        assert photos.make(tmp_path, "a").reason is None
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", too_late)
    assert photos.make(tmp_path, "a") == photos.make(tmp_path, "a") == photos.Made("a", None, 480, 288, "p-02")


def test_a_worker_killed_before_it_writes_down_what_it_made_leaves_the_rest_to_the_next(database, tmp_path: Path):
    media = photos.receive(database, tmp_path, encoded((500, 300)), NOW)
    photos.make(tmp_path, media)
    assert row(database, media).state == "new"
    photos.make_waiting(database, tmp_path, NOW)
    found = row(database, media)
    assert (found.state, found.width, found.height) == ("ready", 480, 288)
