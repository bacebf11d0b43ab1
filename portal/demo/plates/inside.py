"""Plates of rooms, lit through their windows, and the plan of a home seen from above."""

from portal.demo.plates.canvas import (
    INK,
    LEAF,
    LIME,
    LIME_SHADE,
    LIME_TURNED,
    SEA,
    SEA_DEEP,
    SHADOW,
    SKY,
    SKY_LOW,
    STONE,
    STONE_DEEP,
    SUN,
    TERRACOTTA,
    WOOD,
    WOOD_DEEP,
    Canvas,
    View,
    ellipse,
)  # fmt: skip
from portal.demo.plates.horizons import beyond
from portal.demo.plates.looks import CUSHION, FABRIC, FABRIC_DEEP, PAINT, PAINT_LIGHT, WARM, WARM_DEEP, Look
from portal.demo.plates.plants import agave, bush, pot


def living(look: Look, seen: str) -> Canvas:
    """A living room with a wide window to the sea or to the hills, its light on the floor."""
    canvas, view = Canvas(LIME_TURNED, look), View(600, 360)
    floor = view.floor(900, -200, 1400, 0, 1)
    canvas.area([(0, 800), *floor[3:1:-1], (1200, 800)], STONE)
    for x in range(-1000, 2300, 220):
        canvas.line([view.at(x, 900, 0), view.at(x, 900, 1)], 2, STONE_DEEP)
    back = view.face(-200, -180, 1400, 900, 1)
    canvas.area(back, LIME)
    canvas.area([(0, 0), back[0], back[3], (0, 760)], LIME_SHADE)
    canvas.area([(0, 0), (1200, 0), back[1], back[0]], LIME_TURNED)
    canvas.area([(1200, 0), back[1], back[2], (1200, 760)], LIME)
    _wide_window(canvas, 300, 180, 820, 540, seen)
    patch = [(250, 690), (700, 690), (940, 800), (330, 800)]
    canvas.light(patch, strength=0.75)
    canvas.light([(300, 632), (760, 632), (800, 660), (290, 660)], strength=0.6)
    canvas.shade([(520, 690), (534, 690), (640, 800), (612, 800)], strength=0.2)
    _sofa(canvas)
    _armchair(canvas)
    canvas.rect(868, 250, 960, 372, INK)
    canvas.rect(874, 256, 954, 366, LIME)
    canvas.disc(914, 296, 20, TERRACOTTA)
    canvas.area([(874, 366), (874, 330), (914, 316), (954, 344), (954, 366)], SEA_DEEP)
    canvas.line([(560, 0), (560, 84)], 4, INK)
    canvas.area(ellipse(560, 120, 76, 60, 180, 360), SUN)
    return canvas


def _wide_window(canvas: Canvas, left: float, top: float, right: float, bottom: float, seen: str) -> None:
    canvas.rect(left - 12, top - 12, right + 12, bottom + 12, WOOD)
    canvas.rect(left, top, right, bottom, SKY_LOW)
    beyond(canvas, left, top, right, bottom, seen)
    third = (right - left) / 3
    for column in (1, 2):
        canvas.rect(left + third * column - 5, top, left + third * column + 5, bottom, WOOD)
    head = [(left, top), (right, top), (right, top + 16), (left, top + 16)]
    canvas.shade(head, [(left, top), (left + 16, top), (left + 16, bottom), (left, bottom)], strength=0.22)


def _sofa(canvas: Canvas) -> None:
    canvas.shade([(60, 720), (520, 720), (590, 756), (110, 762)], strength=0.32)
    canvas.rect(40, 520, 500, 640, FABRIC_DEEP)
    canvas.rect(40, 620, 500, 716, FABRIC)
    canvas.rect(268, 620, 272, 716, FABRIC_DEEP)
    for left in (10, 470):
        canvas.rect(left, 560, left + 60, 724, FABRIC_DEEP)
    canvas.area([(96, 560), (190, 540), (206, 622), (112, 634)], LIME)
    canvas.area([(360, 548), (452, 560), (440, 634), (350, 622)], CUSHION)
    for left in (24, 500):
        canvas.rect(left, 724, left + 12, 746, WOOD_DEEP)


def _armchair(canvas: Canvas) -> None:
    canvas.shade([(880, 716), (1080, 716), (1160, 762), (930, 766)], strength=0.32)
    canvas.area([(900, 500), (1060, 500), (1076, 640), (890, 640)], WARM)
    canvas.area([(880, 630), (1086, 630), (1070, 700), (894, 700)], WARM_DEEP)
    canvas.area([(900, 600), (1066, 600), (1086, 640), (880, 640)], WARM)
    for top, bottom in (((900, 700), (884, 752)), ((1064, 700), (1080, 752))):
        canvas.line([top, bottom], 9, WOOD_DEEP)
    pot(canvas, 1140, 690, 84)
    bush(canvas, 1140, 612, 66, LEAF)
    agave(canvas, 1140, 610, 110)


def kitchen(look: Look, seen: str) -> Canvas:
    """A kitchen wall and its island, two lamps, morning light across the tiles."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 640, 1200, 800, STONE)
    canvas.rect(0, 300, 1200, 470, LIME_TURNED)
    for x in range(0, 1200, 34):
        canvas.line([(x, 300), (x, 470)], 1.3, LIME_SHADE)
    for y in range(300, 470, 34):
        canvas.line([(0, y), (1200, y)], 1.3, LIME_SHADE)
    canvas.light([(60, 300), (320, 300), (560, 470), (260, 470)], strength=0.8)
    for left, right in ((0, 300), (900, 1200)):
        canvas.rect(left, 60, right, 300, PAINT)
        canvas.line([((left + right) / 2, 60), ((left + right) / 2, 300)], 3, SHADOW)
        canvas.shade([(left, 300), (right, 300), (right + 20, 324), (left + 20, 324)], strength=0.25)
    _kitchen_window(canvas, seen)
    canvas.rect(0, 466, 1200, 486, LIME_SHADE)
    canvas.rect(0, 486, 1200, 640, PAINT)
    for x in range(150, 1200, 150):
        canvas.line([(x, 486), (x, 640)], 3, SHADOW)
    for x in range(75, 1200, 150):
        canvas.rect(x - 24, 502, x + 24, 508, WARM)
    canvas.rect(0, 622, 1200, 640, SHADOW)
    canvas.line([(648, 466), (654, 396), (672, 384), (688, 394), (688, 412)], 9, INK)
    for x, top, colour in ((960, 400, TERRACOTTA), (1002, 420, LIME), (1038, 388, WOOD)):
        canvas.rect(x, top, x + 30, 466, colour)
    canvas.shade([(200, 690), (1000, 690), (1120, 800), (260, 800)], strength=0.28)
    _island(canvas)
    return canvas


def _kitchen_window(canvas: Canvas, seen: str) -> None:
    canvas.rect(388, 60, 812, 300, WOOD)
    canvas.rect(400, 72, 800, 300, SKY)
    beyond(canvas, 400, 72, 800, 300, seen)
    canvas.rect(594, 72, 606, 300, WOOD)
    canvas.rect(372, 296, 828, 312, STONE)
    for x, size in ((440, 34), (498, 30)):
        pot(canvas, x, 296, size)
        bush(canvas, x, 296 - size, size * 0.7, LEAF)


def _island(canvas: Canvas) -> None:
    canvas.rect(180, 560, 1020, 584, LIME)
    canvas.rect(180, 580, 1020, 588, LIME_SHADE)
    canvas.rect(210, 588, 990, 740, WOOD)
    canvas.shade([(210, 588), (990, 588), (990, 610), (210, 610)], strength=0.32)
    for x in (340, 470, 600, 730, 860):
        canvas.line([(x, 588), (x, 740)], 2, WOOD_DEEP)
    for x in (330, 600, 870):
        canvas.rect(x - 46, 640, x + 46, 656, WARM if x == 330 else LIME_SHADE)
        for leg in (x - 38, x + 32):
            canvas.rect(leg, 656, leg + 7, 780, INK)
        canvas.rect(x - 38, 720, x + 38, 726, INK)
    for x, y in ((664, 540), (700, 532), (736, 540)):
        canvas.disc(x, y, 20, WARM)
    canvas.area(ellipse(700, 549, 74, 26, 0, 180), FABRIC)
    for x in (420, 840):
        canvas.line([(x, 0), (x, 330)], 4, INK)
        canvas.area([(x - 20, 330), (x + 20, 330), (x + 62, 392), (x - 62, 392)], WARM)
        canvas.area([(x + 8, 330), (x + 20, 330), (x + 62, 392), (x + 24, 392)], WARM_DEEP)


def bedroom(look: Look, seen: str) -> Canvas:
    """A bedroom, its shutter open, a patch of sun on the wall and the bed."""
    canvas = Canvas(LIME_TURNED, look)
    canvas.rect(0, 660, 1200, 800, WOOD)
    for y, shift in ((690, 0), (726, 120), (766, 60)):
        canvas.line([(0, y), (1200, y)], 2, WOOD_DEEP)
        for x in range(-200 + shift, 1300, 300):
            canvas.line([(x, y), (x - 14, y + 38)], 2, WOOD_DEEP)
    canvas.rect(0, 646, 1200, 660, LIME)
    canvas.light([(330, 60), (620, 170), (620, 520), (330, 410)], strength=0.9)
    canvas.shade([(330, 222), (620, 332), (620, 348), (330, 238)], strength=0.14)
    canvas.shade([(468, 112), (482, 118), (482, 468), (468, 462)], strength=0.14)
    _open_window(canvas, seen)
    _bed(canvas)
    canvas.rect(700, 150, 930, 300, WOOD_DEEP)
    canvas.rect(708, 158, 922, 292, LIME)
    canvas.area([(708, 292), (708, 240), (780, 206), (850, 250), (922, 220), (922, 292)], SEA)
    canvas.disc(862, 194, 18, SUN)
    return canvas


def _open_window(canvas: Canvas, seen: str) -> None:
    canvas.rect(56, 118, 264, 500, STONE)
    canvas.rect(70, 132, 250, 486, SKY_LOW)
    beyond(canvas, 70, 132, 250, 486, seen)
    canvas.rect(156, 132, 164, 486, LIME)
    canvas.rect(70, 252, 250, 260, LIME)
    canvas.shade([(70, 132), (250, 132), (250, 146), (70, 146)], [(70, 132), (84, 132), (84, 486), (70, 486)])
    canvas.area([(250, 132), (306, 108), (306, 520), (250, 486)], PAINT)
    for row in range(16):
        y = 138 + row * 22
        canvas.line([(258, y), (298, y - 14 + row * 1.9)], 4, PAINT_LIGHT)
    canvas.rect(40, 500, 280, 516, STONE_DEEP)


def _bed(canvas: Canvas) -> None:
    canvas.shade([(400, 700), (1150, 700), (1200, 760), (1200, 790), (440, 790)], strength=0.34)
    canvas.rect(470, 380, 1110, 640, WOOD_DEEP)
    for x in range(534, 1110, 64):
        canvas.line([(x, 380), (x, 640)], 2, WOOD)
    for left in (520, 810):
        canvas.area([(left, 490), (left + 250, 490), (left + 262, 580), (left - 12, 580)], LIME)
        canvas.area([(left + 180, 490), (left + 250, 490), (left + 262, 580), (left + 190, 580)], LIME_SHADE)
    canvas.area([(480, 560), (1100, 560), (1150, 740), (430, 740)], LIME)
    canvas.area([(462, 626), (1118, 626), (1150, 740), (430, 740)], FABRIC)
    canvas.area([(470, 600), (1110, 600), (1118, 630), (462, 630)], LIME_SHADE)
    canvas.light([(520, 626), (760, 626), (720, 740), (450, 740)], strength=0.35)
    canvas.area([(620, 520), (950, 520), (960, 574), (610, 574)], WARM)
    canvas.area([(860, 520), (950, 520), (960, 574), (872, 574)], WARM_DEEP)
    for x in (440, 1130):
        canvas.rect(x - 5, 740, x + 10, 766, WOOD_DEEP)
    canvas.rect(330, 560, 430, 580, WOOD)
    canvas.rect(340, 580, 350, 690, WOOD_DEEP)
    canvas.rect(410, 580, 420, 690, WOOD_DEEP)
    canvas.rect(377, 510, 383, 560, INK)
    canvas.area([(356, 462), (404, 462), (424, 512), (336, 512)], CUSHION)
