"""Horizons: what is seen through a window below its sky."""

from portal.demo.plates.canvas import (
    FAR,
    LEAF,
    LEAF_LIGHT,
    LIME,
    LIME_TURNED,
    SEA,
    SEA_DEEP,
    TERRACOTTA,
    Canvas,
    Points,
)  # fmt: skip
from portal.demo.plates.looks import GLASS


def beyond(canvas: Canvas, left: float, top: float, right: float, bottom: float, seen: str) -> None:
    """Fill the lower half of a window with the sea, the hills or the roofs across the street."""
    {"sea": _sea, "hills": _hills, "town": _town}[seen](canvas, left, top, right - left, bottom - top)


def _sea(canvas: Canvas, left: float, top: float, width: float, height: float) -> None:
    right, bottom, horizon = left + width, top + height, top + height * 0.52
    canvas.rect(left, horizon, right, bottom, SEA)
    canvas.rect(left, bottom - height * 0.2, right, bottom, SEA_DEEP)
    cape = [(0, 0), (0, -0.094), (0.15, -0.144), (0.37, 0)]
    canvas.area([(left + width * across, horizon + height * up) for across, up in cape], FAR)


def _hills(canvas: Canvas, left: float, top: float, width: float, height: float) -> None:
    far = [(0, 1), (0, 0.46), (0.22, 0.3), (0.45, 0.5), (0.7, 0.34), (1, 0.52), (1, 1)]
    near = [(0, 1), (0, 0.72), (0.3, 0.62), (0.62, 0.76), (1, 0.66), (1, 1)]
    low = [(0, 1), (0, 0.9), (0.4, 0.84), (0.8, 0.92), (1, 0.88), (1, 1)]
    for ridge, colour in ((far, FAR), (near, LEAF_LIGHT), (low, LEAF)):
        canvas.area([(left + width * across, top + height * down) for across, down in ridge], colour)


def _town(canvas: Canvas, left: float, top: float, width: float, height: float) -> None:
    houses = ((0, 0.22, 0.52), (0.22, 0.5, 0.36), (0.5, 0.7, 0.58), (0.7, 1, 0.44))
    for number, (begin, end, roof) in enumerate(houses):
        from_, to, at = left + width * begin, left + width * end, top + height * roof
        canvas.rect(from_, at, to, top + height, LIME if number % 2 else LIME_TURNED)
        canvas.rect(from_, at - height * 0.03, to, at + height * 0.02, TERRACOTTA)
        for pane in _panes(from_, to, at, top + height, height * 0.16):
            canvas.area(pane, GLASS)


def _panes(left: float, right: float, top: float, bottom: float, size: float) -> list[Points]:
    panes: list[Points] = []
    y = top + size * 0.5
    while y + size < bottom:
        for x in (left + (right - left) * 0.22, left + (right - left) * 0.6):
            wide = (right - left) * 0.17
            panes.append([(x, y), (x + wide, y), (x + wide, y + size), (x, y + size)])
        y += size * 1.7
    return panes
