"""Plates of the smaller rooms: bathroom, dining room, hall, galley kitchen."""

from portal.demo.plates.canvas import (
    INK,
    LEAF,
    LIME,
    LIME_SHADE,
    LIME_TURNED,
    POOL,
    SKY,
    SKY_LOW,
    STONE,
    STONE_DEEP,
    TERRACOTTA,
    TERRACOTTA_DEEP,
    WOOD,
    WOOD_DEEP,
    Canvas,
    arched,
    ellipse,
)  # fmt: skip
from portal.demo.plates.horizons import beyond
from portal.demo.plates.looks import CUSHION, FABRIC, FABRIC_DEEP, PAINT, PAINT_LIGHT, WARM, WARM_DEEP, Look
from portal.demo.plates.plants import agave, bush, pot


def bathroom(look: Look) -> Canvas:
    """A bath under a window, a basin on a wooden shelf, tiles to shoulder height."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 330, 1200, 640, FABRIC)
    for x in range(0, 1200, 48):
        canvas.line([(x, 330), (x, 640)], 2, FABRIC_DEEP)
    for y in range(330, 640, 48):
        canvas.line([(0, y), (1200, y)], 2, FABRIC_DEEP)
    canvas.rect(0, 318, 1200, 334, LIME_SHADE)
    canvas.rect(0, 640, 1200, 800, STONE)
    for x in range(-200, 1400, 150):
        canvas.line([(600 + (x - 600) * 0.84, 640), (x, 800)], 2, STONE_DEEP)
    canvas.line([(0, 706), (1200, 706)], 2, STONE_DEEP)
    canvas.light([(120, 330), (420, 330), (560, 640), (260, 640)], strength=0.4)
    canvas.rect(148, 68, 452, 292, WOOD)
    canvas.rect(160, 80, 440, 280, SKY_LOW)
    beyond(canvas, 160, 80, 440, 280, "hills")
    canvas.rect(296, 80, 304, 280, WOOD)
    canvas.rect(136, 286, 464, 300, STONE_DEEP)
    canvas.shade([(90, 700), (620, 700), (680, 744), (150, 748)], strength=0.3)
    canvas.area([(70, 500), (600, 500), (560, 690), (110, 690)], LIME)
    canvas.area([(420, 500), (600, 500), (560, 690), (470, 690)], LIME_TURNED)
    canvas.rect(52, 484, 618, 508, LIME)
    canvas.rect(52, 502, 618, 510, LIME_SHADE)
    for x in (140, 510):
        canvas.rect(x, 690, x + 20, 716, WARM_DEEP)
    canvas.line([(560, 484), (560, 400), (510, 400), (510, 424)], 9, INK)
    canvas.area([(640, 430), (720, 430), (716, 620), (644, 620)], CUSHION)
    canvas.rect(634, 420, 726, 430, INK)
    _basin(canvas)
    pot(canvas, 750, 700, 76)
    agave(canvas, 750, 626, 100)
    return canvas


def _basin(canvas: Canvas) -> None:
    canvas.disc(950, 220, 128, WOOD_DEEP)
    canvas.disc(950, 220, 116, SKY)
    canvas.area([(860, 286), (930, 108), (990, 112), (900, 322)], SKY_LOW)
    canvas.rect(780, 486, 1120, 512, WOOD)
    canvas.rect(780, 506, 1120, 514, WOOD_DEEP)
    canvas.shade([(780, 514), (1120, 514), (1150, 550), (810, 550)], strength=0.3)
    canvas.area([(860, 430), (1040, 430), (1000, 488), (900, 488)], LIME)
    canvas.area([(980, 430), (1040, 430), (1000, 488), (974, 488)], LIME_SHADE)
    canvas.line([(1064, 486), (1064, 386), (1012, 386), (1012, 404)], 8, INK)
    canvas.rect(800, 592, 1100, 604, WOOD)
    for x, colour in ((830, LIME), (910, WARM), (1000, LIME_TURNED)):
        canvas.rect(x, 556, x + 70, 592, colour)


def dining(look: Look, seen: str) -> Canvas:
    """A long table under two lamps, an arch to the next room, a window at the side."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 610, 1200, 800, TERRACOTTA)
    for y in (640, 690, 756):
        canvas.line([(0, y), (1200, y)], 2, TERRACOTTA_DEEP)
    for x in range(-300, 1600, 120):
        canvas.line([(600 + (x - 600) * 0.74, 610), (x, 800)], 2, TERRACOTTA_DEEP)
    canvas.rect(0, 598, 1200, 612, LIME_TURNED)
    arch = arched(70, 150, 350, 610)
    canvas.area(arched(54, 134, 366, 610), LIME_TURNED)
    canvas.area(arch, FABRIC)
    canvas.rect(110, 420, 310, 610, WOOD_DEEP)
    canvas.rect(120, 430, 300, 500, WOOD)
    canvas.shade([(70, 150), (140, 150), (140, 610), (70, 610)], within=arch, strength=0.34)
    canvas.rect(678, 108, 1132, 452, WOOD)
    canvas.rect(690, 120, 1120, 440, SKY_LOW)
    beyond(canvas, 690, 120, 1120, 440, seen)
    for x in (832, 974):
        canvas.rect(x, 120, x + 8, 440, WOOD)
    canvas.rect(664, 446, 1146, 462, STONE_DEEP)
    canvas.light([(560, 612), (960, 612), (820, 760), (380, 760)], strength=0.5)
    _long_table(canvas)
    for x in (420, 780):
        canvas.line([(x, 0), (x, 210)], 4, INK)
        canvas.area(ellipse(x, 262, 74, 56, 180, 360), PAINT)
        canvas.rect(x - 74, 258, x + 74, 266, PAINT_LIGHT)
    return canvas


def _long_table(canvas: Canvas) -> None:
    canvas.shade([(250, 700), (990, 700), (1060, 770), (320, 778)], strength=0.34)
    for x in (330, 560, 790):
        canvas.rect(x, 430, x + 120, 560, WARM)
        canvas.rect(x, 540, x + 120, 560, WARM_DEEP)
    canvas.area([(250, 548), (950, 548), (1010, 612), (190, 612)], WOOD)
    canvas.rect(190, 608, 1010, 626, WOOD_DEEP)
    for x in (220, 960):
        canvas.rect(x, 626, x + 20, 770, WOOD_DEEP)
    for x in (300, 540, 780):
        canvas.area([(x, 650), (x + 140, 650), (x + 148, 690), (x - 8, 690)], WARM)
        for leg in (x, x + 132):
            canvas.rect(leg, 690, leg + 8, 784, INK)
    canvas.disc(600, 566, 52, LIME, 0.3)
    for x, y in ((576, 552), (604, 546), (626, 556)):
        canvas.disc(x, y, 17, CUSHION)


def hall(look: Look) -> Canvas:
    """The way in: an open door, a bench, a mirror, patterned tiles."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 620, 1200, 800, LIME_TURNED)
    for line in range(4):
        for column in range(-1, 14):
            wide, y = 92 + line * 10, 620 + line * 46
            x = 600 + (column - 6.5) * wide
            canvas.area([(x, y + 23), (x + wide / 2, y), (x + wide, y + 23), (x + wide / 2, y + 46)],
                        (FABRIC, PAINT)[(column + line) % 2])  # fmt: skip
    canvas.rect(0, 560, 1200, 620, PAINT)
    canvas.rect(0, 552, 1200, 564, PAINT_LIGHT)
    canvas.rect(118, 118, 462, 640, STONE)
    canvas.rect(140, 140, 440, 640, SKY)
    canvas.area([(140, 470), (240, 410), (340, 450), (440, 400), (440, 640), (140, 640)], LEAF)
    canvas.rect(140, 560, 440, 640, STONE)
    bush(canvas, 200, 566, 60, LEAF)
    pot(canvas, 390, 590, 60)
    agave(canvas, 390, 532, 76)
    canvas.area([(440, 140), (580, 96), (580, 716), (440, 640)], PAINT)
    for top, bottom in ((180, 350), (390, 600)):
        canvas.area([(462, top), (556, top - 24), (556, bottom + 24), (462, bottom)], PAINT_LIGHT)
    canvas.disc(558, 400, 8, WARM)
    canvas.light([(140, 640), (440, 640), (640, 800), (200, 800)], strength=0.55)
    canvas.rect(760, 160, 1020, 430, WOOD_DEEP)
    canvas.rect(774, 174, 1006, 416, SKY_LOW)
    canvas.area([(774, 416), (774, 300), (900, 174), (960, 174), (820, 416)], LIME)
    canvas.shade(ellipse(900, 706, 250, 20), strength=0.32)
    canvas.rect(680, 560, 1120, 590, WOOD)
    canvas.rect(680, 584, 1120, 594, WOOD_DEEP)
    for x in (700, 1080):
        canvas.rect(x, 594, x + 20, 704, WOOD_DEEP)
    canvas.area([(720, 500), (830, 510), (822, 562), (712, 560)], CUSHION)
    canvas.area([(990, 486), (1050, 486), (1060, 560), (980, 560)], STONE_DEEP)
    for x, up in ((1000, 130), (1020, 160), (1040, 120)):
        canvas.line([(1020, 486), (x + (x - 1020), 486 - up)], 4, LEAF)
        canvas.disc(x + (x - 1020), 486 - up, 16, WARM)
    return canvas


def galley(look: Look) -> Canvas:
    """A narrow kitchen: cupboards to the left, a small table under the window."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 650, 1200, 800, STONE)
    for column in range(-1, 13):
        for line in range(2):
            x, y = column * 110 + line * 55, 650 + line * 75
            canvas.area([(x, y), (x + 55, y), (x + 44, y + 75), (x - 11, y + 75)], LIME_SHADE)
    canvas.rect(40, 60, 560, 250, PAINT)
    for x in (170, 300, 430):
        canvas.line([(x, 60), (x, 250)], 3, PAINT_LIGHT)
    canvas.rect(0, 250, 640, 470, LIME_TURNED)
    for x in range(0, 640, 30):
        canvas.line([(x, 250), (x, 470)], 1.4, LIME_SHADE)
    for y in range(250, 470, 30):
        canvas.line([(0, y), (640, y)], 1.4, LIME_SHADE)
    canvas.shade([(40, 250), (560, 250), (580, 276), (60, 276)], strength=0.28)
    canvas.rect(0, 466, 640, 490, WOOD)
    canvas.rect(0, 484, 640, 492, WOOD_DEEP)
    canvas.rect(0, 492, 620, 690, PAINT)
    for x in (150, 300, 460):
        canvas.line([(x, 492), (x, 690)], 3, PAINT_LIGHT)
        canvas.rect(x - 60, 512, x - 20, 518, WARM)
    canvas.rect(310, 530, 450, 660, INK)
    canvas.rect(326, 556, 434, 640, STONE_DEEP)
    for x, high, colour in ((70, 70, LIME), (110, 100, CUSHION), (150, 56, WARM)):
        canvas.rect(x, 466 - high, x + 30, 466, colour)
    canvas.line([(220, 466), (220, 400), (260, 400), (260, 420)], 8, INK)
    _table_under_window(canvas)
    return canvas


def _table_under_window(canvas: Canvas) -> None:
    canvas.rect(728, 128, 1092, 432, WOOD)
    canvas.rect(740, 140, 1080, 420, SKY_LOW)
    beyond(canvas, 740, 140, 1080, 420, "town")
    canvas.rect(906, 140, 914, 420, WOOD)
    canvas.rect(712, 428, 1108, 442, STONE_DEEP)
    for x in (780, 1030):
        pot(canvas, x, 428, 40)
        bush(canvas, x, 390, 28, LEAF)
    canvas.light([(700, 650), (1040, 650), (900, 790), (520, 790)], strength=0.5)
    canvas.shade(ellipse(900, 764, 200, 22), strength=0.32)
    canvas.disc(900, 560, 170, LIME, 0.2)
    canvas.area([*ellipse(900, 560, 170, 34, 0, 180), *ellipse(900, 572, 170, 34, 180, 0)], LIME_SHADE)
    canvas.rect(890, 590, 912, 756, INK)
    canvas.area([(860, 548), (900, 548), (896, 506), (864, 506)], POOL)
    canvas.disc(950, 552, 20, CUSHION, 0.5)
    for x in (680, 1060):
        canvas.area([(x, 610), (x + 100, 610), (x + 110, 640), (x - 10, 640)], WARM)
        canvas.rect(x + (0 if x < 900 else 82), 470, x + (18 if x < 900 else 100), 620, WARM_DEEP)
        for leg in (x, x + 92):
            canvas.rect(leg, 640, leg + 8, 764, INK)
