"""Photos: pictures re-encoded in the sizes our pages need, kept under the hash of what was given.

Owns the folder `media/<SHA-256>/<width>.<webp|jpg>` of the data directory. A picture is there whole or not at all, and
never changes. Nothing here fetches, and nothing of the original is kept but its pixels: no Exif, no place, no name.
"""

import hashlib
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

WIDTHS = (480, 800, 1200)
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 16_383  # WebP can hold no longer one (RFC 9649 §2.7)
QUALITY = {"webp": 80, "jpg": 82}


class PictureRefused(Exception):
    """The bytes are no picture we take; the message says why."""


def store(data_directory: Path, image_bytes: bytes) -> str:
    """Keep a picture in every width; its content hash (SHA-256, hex) names it. The same bytes again cost nothing.

    A picture is never enlarged: a width it does not have holds it as large as it is. Raises `PictureRefused`.
    """
    media = hashlib.sha256(image_bytes).hexdigest()
    folder = data_directory / "media" / media
    if not folder.is_dir():
        _write(folder, _read(image_bytes))
    return media


def _read(image_bytes: bytes) -> Image.Image:
    # Size and format are judged by the header alone: a small file may unpack to more than the machine's memory.
    if len(image_bytes) > MOST_BYTES:
        raise PictureRefused(f"the file has {len(image_bytes)} bytes, more than {MOST_BYTES}")
    try:
        picture = Image.open(BytesIO(image_bytes), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise PictureRefused(f"{width} × {height} is more than {MOST_PIXELS} pixels or {LONGEST_SIDE} along a side")
        return _on_white(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(f"more than {MOST_PIXELS} pixels") from None
    except UnidentifiedImageError:
        raise PictureRefused("not a JPEG, PNG or WebP picture") from None
    except (OSError, SyntaxError, ValueError) as fault:  # what Pillow raises for broken pictures
        raise PictureRefused(f"a broken picture: {type(fault).__name__}") from None


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def _write(folder: Path, picture: Image.Image) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        for width in sorted(WIDTHS, reverse=True):
            picture.thumbnail((width, LONGEST_SIDE), Image.Resampling.LANCZOS)
            picture.save(making / f"{width}.webp", quality=QUALITY["webp"])
            picture.save(making / f"{width}.jpg", quality=QUALITY["jpg"], optimize=True, progressive=True)
        making.chmod(0o755)
        _put_in_place(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _put_in_place(making: Path, folder: Path) -> None:
    try:
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process kept the same picture first
            raise
