"""The photo store: what it keeps of a picture, and what it will not open."""

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from portal.catalogue import photos
from portal.catalogue.photos import PictureRefused, store

NAMES = sorted(f"{width}.{suffix}" for width in photos.WIDTHS for suffix in ("jpg", "webp"))


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


def test_a_picture_is_kept_in_every_width_under_the_hash_of_its_bytes(tmp_path: Path):
    given = encoded((2400, 1600))
    media = store(tmp_path, given)
    assert media == hashlib.sha256(given).hexdigest()
    assert sorted(path.name for path in (tmp_path / "media" / media).iterdir()) == NAMES
    assert {kept(tmp_path, media, name).size for name in NAMES} == {(480, 320), (800, 533), (1200, 800)}
    assert kept(tmp_path, media, "800.webp").format == "WEBP" and kept(tmp_path, media, "800.jpg").format == "JPEG"


def test_a_small_picture_is_never_enlarged(tmp_path: Path):
    media = store(tmp_path, encoded((600, 900), "JPEG"))
    assert [kept(tmp_path, media, f"{width}.jpg").size for width in photos.WIDTHS] == [
        (480, 720),
        (600, 900),
        (600, 900),
    ]


def test_the_same_bytes_again_are_not_written_again(tmp_path: Path):
    given = encoded((500, 300))
    folder = tmp_path / "media" / store(tmp_path, given)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert store(tmp_path, given) == folder.name
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_picture_lying_on_its_side_is_turned_and_loses_what_its_camera_wrote(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Somebody's camera"
    media = store(tmp_path, encoded((600, 400), "JPEG", exif=exif))
    for name in NAMES:
        assert not kept(tmp_path, media, name).getexif()
    assert kept(tmp_path, media, "480.jpg").size == (400, 600)


def test_what_can_be_seen_through_stands_on_white(tmp_path: Path):
    media = store(tmp_path, encoded((500, 300), mode="RGBA", colour=(255, 0, 0, 0)))
    assert kept(tmp_path, media, "480.jpg").getpixel((200, 100)) == (255, 255, 255)


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
    ],
    ids=["nothing", "svg", "gif", "cut short", "empty", "too many pixels", "a bomb", "too long", "too large"],
)  # fmt: skip
def test_what_is_no_picture_we_take_is_refused_and_leaves_nothing(tmp_path: Path, given: bytes, why: str):
    with pytest.raises(PictureRefused, match=why):
        store(tmp_path, given)
    assert list(tmp_path.iterdir()) == []


def test_a_fault_while_writing_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(photos.QUALITY, "jpg", "no quality")
    with pytest.raises(Exception, match="quality"):
        store(tmp_path, encoded((500, 300)))
    assert list((tmp_path / "media").iterdir()) == []
