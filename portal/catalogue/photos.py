"""Photos: pictures re-encoded in the sizes our pages need, kept under the hash of what was given.

Owns the table `media` and the folder `media` of the data directory: `given/<SHA-256>` holds what was given until its
sizes are made, `<SHA-256>/<width>.<avif|webp|jpg>` the sizes, there whole or not at all and never changed. Nothing here
fetches, and nothing of the original is kept but its pixels: no Exif, no place, no name. Sizes are never made in a web
process.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError
from sqlalchemy import CheckConstraint, Index, Integer, String, update
from sqlmodel import Session, SQLModel, col, select

from portal import addresses
from portal.catalogue import versions
from portal.db import Database, UTCDateTime, column, insert_ignore, table_of

WIDTHS = (480, 800, 1200, 1600)
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
MOST_SCANS = 100  # of a progressive JPEG; each is a pass over all pixels, and a small file may hold thousands
LONGEST_SIDE = 16_383  # WebP can hold no longer one (RFC 9649 §2.7)
# How each format is written. WebP's method 2 takes half the time of 4 for 4 % more bytes; AVIF at speed 8 on one
# thread costs five times WebP and saves a fifth of its bytes, which the worker can afford and a web process could not.
ENCODINGS: dict[str, dict[str, Any]] = {
    "avif": {"quality": 60, "speed": 8, "max_threads": 1},
    "webp": {"quality": 80, "method": 2},
    "jpg": {"quality": 82, "optimize": True, "progressive": True},
}
# What mails and small lists load has a bound, in bytes: what is noisy or tall is written coarser, as far as it takes.
LIGHT = 100_000
COARSER = (70, 55, 40, 25, 10)
BATCH = 4
# The mean colours a frame may have before its photo arrives, as `p-01` to `p-16` of the stylesheet.
COLOURS = (
    "#929f94", "#5d695d", "#6a6f72", "#70604d", "#686c68", "#3b3834", "#8b847f", "#9d897b", "#93908e", "#8e7360",
    "#504e4b", "#b0a596", "#a9bfc9", "#cfd8d5", "#c8b48c", "#7b8f86",
)  # fmt: skip


class PictureRefused(Exception):
    """The bytes are no picture we take; the message says why."""


class Media(SQLModel, table=True):
    """One picture by the hash of what was given. Width and height are those of its largest size, in pixels; they and
    the class of its mean colour are known once it is ready."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'ready', 'refused')", name="state"),
        Index("ix_media_waiting", "state", "given_at"),
    )
    hash: str = column(String(64), primary_key=True, personal=None)
    state: str = column(String(7), personal=None, default="new")
    reason: str | None = column(String(120), personal=None, default=None)
    width: int | None = column(Integer, personal=None, default=None)
    height: int | None = column(Integer, personal=None, default=None)
    colour: str | None = column(String(4), personal=None, default=None)
    given_at: datetime = column(UTCDateTime, personal=None)
    made_at: datetime | None = column(UTCDateTime, personal=None, default=None)


class Frame(NamedTuple):
    """What an `<img>` in a list says of a picture: colour class, size in pixels, `src`, and a `srcset` of each kind."""

    colour: str | None
    width: int | None
    height: int | None
    src: str
    avif: str
    webp: str
    jpg: str


class Picture(NamedTuple):
    """A picture we serve, by its content hash: width and height in pixels and the class of its mean colour (`p-07`).

    They are None until its sizes are made; then its frame alone is shown.
    """

    media: str
    width: int | None
    height: int | None
    colour: str | None

    @property
    def widths(self) -> list[int]:
        """The sizes there are of it."""
        return widths(self.width) if self.width else []

    @property
    def src(self) -> str:
        """Where it is for browsers that choose no size themselves: the second smallest."""
        return _src(self.media, self.width or 0)

    def srcset(self, suffix: str) -> str:
        """Its sizes of one kind as `srcset` wants them: address and width in pixels, with commas between."""
        return _srcset(self.media, self.width or 0, suffix)

    @property
    def frame(self) -> Frame:
        """All of it at once, for lists."""
        return _frame(self)


@lru_cache(20_000)  # a page of results asks for 24, mostly the same as the page before
def _frame(picture: Picture) -> Frame:
    kinds = (_srcset(picture.media, picture.width or 0, suffix) for suffix in ("avif", "webp", "jpg"))
    return Frame(picture.colour, picture.width, picture.height, picture.src, *kinds)


def _src(media: str, largest: int) -> str:
    return addresses.media(media, widths(largest)[:2][-1], "jpg")


def _srcset(media: str, largest: int, suffix: str) -> str:
    return ", ".join(f"{addresses.media(media, width, suffix)} {min(width, largest)}w" for width in widths(largest))


@dataclass(frozen=True)
class Made:
    """What became of one picture; `reason` is why it was refused, else None."""

    media: str
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    colour: str | None = None


def widths(width: int) -> list[int]:
    """The sizes there are of a picture this wide: it is never enlarged, and the smallest size always exists."""
    return [each for each in WIDTHS if each <= width] or [WIDTHS[0]]


def receive(database: Database, data_directory: Path, image_bytes: bytes, now: datetime) -> str:
    """Take a picture in, its sizes to be made by the worker; its content hash (SHA-256, hex) names it.

    The same bytes again cost nothing. What is no picture is found out by the worker, too.
    """
    media = hashlib.sha256(image_bytes).hexdigest()
    with database.read() as session:
        if session.get(Media, media) is not None:
            return media
    _put(_given(data_directory, media), image_bytes)
    database.write(lambda session: insert_ignore(session, table_of(Media), _waiting(media, now)))
    return media


def waiting(session: Session, limit: int = BATCH) -> list[str]:
    """The pictures whose sizes are to be made next, those given first before the others."""
    statement = select(Media.hash).where(Media.state == "new").order_by(col(Media.given_at), col(Media.hash))
    return list(session.exec(statement.limit(limit)))


def make(data_directory: Path, media: str) -> Made:
    """Make the sizes of one picture that was given: pure computing, of a quarter of a second, in no transaction."""
    # What was given is taken away once it is known what becomes of it: a full disk must not cost the picture.
    folder, given = data_directory / "media" / media, _given(data_directory, media)
    try:
        if not folder.is_dir():
            _write(folder, _read(given.read_bytes()))
    except FileNotFoundError:
        if not folder.is_dir():  # else another worker was faster and took it away
            return Made(media, "what was given is gone")
    except PictureRefused as refused:
        given.unlink(missing_ok=True)
        return Made(media, str(refused))
    with Image.open(max(folder.glob("*.jpg"), key=lambda path: int(path.stem))) as largest:
        found = Made(media, None, largest.width, largest.height, colour_class(largest))
    given.unlink(missing_ok=True)
    return found


def settle(session: Session, made: list[Made], now: datetime) -> None:
    """Write down what became of some pictures, ready or refused."""
    for each in made:
        state, reason = ("refused", each.reason[:120]) if each.reason else ("ready", None)
        found = {"width": each.width, "height": each.height, "colour": each.colour}
        of_picture = update(Media).where(col(Media.hash) == each.media)
        session.execute(of_picture.values(state=state, reason=reason, made_at=now, **found))
    versions.raise_version(session)


def make_waiting(database: Database, data_directory: Path, now: datetime) -> list[Made]:
    """Make the sizes of the next few pictures; what became of each, nothing when none waits.

    Whoever is killed in between leaves them waiting, with what was given or with their sizes, so that the next one goes
    on from there. Two workers may make the same picture; the second finds its folder there.
    """
    with database.read() as session:
        due = waiting(session)
    made = [make(data_directory, media) for media in due]
    if made:
        database.write(partial(settle, made=made, now=now))
    return made


def colour_class(picture: Image.Image) -> str:
    """The class of the colour that comes nearest to the picture's mean: `p-01` to `p-16`."""
    mean = ImageStat.Stat(picture.resize((24, 16), Image.Resampling.BOX)).mean
    distances = [
        sum((int(colour[at : at + 2], 16) - mean[channel]) ** 2 for channel, at in enumerate((1, 3, 5)))
        for colour in COLOURS
    ]
    return f"p-{distances.index(min(distances)) + 1:02}"


def _given(data_directory: Path, media: str) -> Path:
    return data_directory / "media" / "given" / media


def _waiting(media: str, now: datetime) -> dict[str, Any]:
    return {"hash": media, "state": "new", "given_at": now}


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as writing:
        writing.write(content)
    Path(writing.name).replace(path)


def _read(image_bytes: bytes) -> Image.Image:
    # Size and format are judged by the header alone: a small file may unpack to more than the machine's memory.
    if len(image_bytes) > MOST_BYTES:
        raise PictureRefused(f"the file has {len(image_bytes)} bytes, more than {MOST_BYTES}")
    try:
        picture = Image.open(BytesIO(image_bytes), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise PictureRefused(f"{width} × {height} is more than {MOST_PIXELS} pixels or {LONGEST_SIDE} along a side")
        if picture.format == "JPEG" and image_bytes.count(b"\xff\xda") > MOST_SCANS:
            raise PictureRefused(f"more than {MOST_SCANS} scans")
        return _on_white(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(f"more than {MOST_PIXELS} pixels") from None
    except PictureRefused:
        raise
    except UnidentifiedImageError:
        raise PictureRefused("not a JPEG, PNG or WebP picture") from None
    except Exception as fault:  # Pillow raises all sorts for broken pictures; one of them must not stop the others
        raise PictureRefused(f"a broken picture: {type(fault).__name__}") from None


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def _write(folder: Path, picture: Image.Image) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    making, size = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent)), picture.copy()
    try:
        for width in sorted(widths(picture.width), reverse=True):
            size.thumbnail((width, LONGEST_SIDE), Image.Resampling.LANCZOS)
            for suffix, options in ENCODINGS.items():
                _save(size, making / f"{width}.{suffix}", options)
        _lighten(size, making / f"{WIDTHS[0]}.jpg")
        making.chmod(0o755)
        _put_in_place(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _save(picture: Image.Image, path: Path, options: dict[str, Any]) -> None:
    try:
        picture.save(path, **options)
    except Exception as fault:
        if isinstance(fault, OSError) and fault.errno is not None:  # the disk's fault and not the picture's
            raise
        raise PictureRefused(f"cannot be encoded: {type(fault).__name__}") from None


def _lighten(picture: Image.Image, path: Path) -> None:
    for quality in COARSER:
        if path.stat().st_size <= LIGHT:
            return
        _save(picture, path, ENCODINGS["jpg"] | {"quality": quality})


def _put_in_place(making: Path, folder: Path) -> None:
    try:
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process kept the same picture first
            raise
