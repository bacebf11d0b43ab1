"""Sheets of pictures: one mail in all languages side by side, one row for each way to look at it."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from portal.language import locales
from tests.letters import Sample

COLUMN, GAP, LINE = 390, 16, 24  # px
PAPER, INK = "#8a8f8d", "#000000"


def make(found: Sequence[Sample], ways: Sequence[str], pictures: Path, folder: Path) -> int:
    """One sheet for each mail and width from pictures named `<mail>-<language>-<way>.png`; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for name in dict.fromkeys(mail.name for mail in found):
        for width in dict.fromkeys(way.partition("-")[0] for way in ways):
            rows = [
                [pictures / f"{name}-{lang}-{way}.png" for lang in locales.SITE]
                for way in ways if way.startswith(f"{width}-")
            ]  # fmt: skip
            _sheet([row for row in rows if any(path.exists() for path in row)], folder / f"{name}-{width}.png")
    return len(list(folder.glob("*.png")))


def _sheet(rows: Sequence[Sequence[Path]], target: Path) -> None:
    loaded = [[(path.stem, _scaled(path)) for path in row if path.exists()] for row in rows]
    heights = [max(image.height for _, image in row) for row in loaded]
    columns = max(len(row) for row in loaded)
    size = (GAP + columns * (COLUMN + GAP), GAP + sum(height + LINE + GAP for height in heights))
    sheet = Image.new("RGB", size, PAPER)
    pen, letters = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    top = GAP
    for row, height in zip(loaded, heights, strict=True):
        for place, (name, image) in enumerate(row):
            left = GAP + place * (COLUMN + GAP)
            pen.text((left, top), name, INK, letters)
            sheet.paste(image, (left, top + LINE))
        top += height + LINE + GAP
    sheet.save(target)


def _scaled(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(
            (COLUMN, round(image.height * COLUMN / image.width)), Image.Resampling.LANCZOS
        )
