"""Plates of what lies around a home: beach, marina, fairway, roofs, valley."""

from portal.demo.plates.canvas import (
    FAR,
    INK,
    LEAF,
    LEAF_DEEP,
    LEAF_LIGHT,
    LIME,
    LIME_SHADE,
    LIME_TURNED,
    SAND,
    SEA,
    SEA_DEEP,
    SKY,
    SKY_LOW,
    STONE,
    STONE_DEEP,
    SUN,
    TERRACOTTA,
    TERRACOTTA_DEEP,
    WOOD,
    WOOD_DEEP,
    Canvas,
    ellipse,
)  # fmt: skip
from portal.demo.plates.looks import CUSHION, FABRIC, GLASS, PAINT, WALL, WALL_SHADE, WARM, WARM_DEEP, Look
from portal.demo.plates.plants import agave, bush, cypress, olive, palm, pot

# Where each stands, how large it is, in which colour.
PARASOLS = (
    (150, 610, 74, WARM), (390, 590, 66, CUSHION), (620, 604, 70, WARM), (860, 588, 66, FABRIC), (1090, 606, 72, WARM),
    (270, 740, 104, FABRIC), (700, 730, 104, CUSHION), (1040, 742, 108, WARM),
)  # fmt: skip
BOATS = (
    (170, 560, 88, LIME), (470, 590, 110, PAINT), (780, 566, 94, LIME), (1040, 600, 121, CUSHION),
    (300, 700, 154, LIME),
)  # fmt: skip
# The houses of the village across: where each stands, how wide and how high it is.
VILLAGE = (
    (610, 290, 60, 44), (664, 262, 52, 50), (712, 250, 46, 66), (756, 268, 64, 46), (816, 284, 54, 46),
    (640, 330, 70, 40), (706, 322, 60, 44), (766, 322, 74, 44), (846, 330, 60, 36),
)  # fmt: skip


def beach(look: Look) -> Canvas:
    """The beach from the promenade: parasols in two rows, a strip of foam, a sail."""
    canvas = Canvas(SKY_LOW, look)
    canvas.disc(880, 120, 56, SUN)
    canvas.rect(0, 250, 1200, 470, SEA)
    canvas.rect(0, 250, 1200, 268, "#5aa6b2")
    canvas.area([(0, 250), (0, 190), (170, 160), (360, 214), (470, 250)], FAR)
    canvas.area([(0, 400), (500, 430), (1200, 380), (1200, 520), (0, 520)], "#6cc0c9")
    canvas.area([(0, 454), (380, 480), (800, 446), (1200, 462), (1200, 560), (0, 560)], LIME)
    canvas.area([(0, 474), (380, 500), (800, 466), (1200, 482), (1200, 800), (0, 800)], SAND)
    canvas.area([(600, 330), (600, 250), (648, 330)], LIME)
    canvas.area([(562, 334), (656, 334), (642, 346), (576, 346)], INK)
    for x, y, size, colour in PARASOLS:
        canvas.shade(ellipse(x + size * 0.8, y + 4, size, size * 0.2), strength=0.28)
        canvas.line([(x, y), (x, y - size)], 5, WOOD_DEEP)
        canvas.area([*ellipse(x, y - size, size, size * 0.62, 180, 360)], colour)
        canvas.area([*ellipse(x, y - size, size * 0.4, size * 0.62, 180, 360)], LIME)
        canvas.area([(x + 20, y + 2), (x + 20 + size, y - 6), (x + 30 + size, y + 6), (x + 34, y + 16)], LIME_TURNED)
    palm(canvas, 60, 800, 470, 170)
    return canvas


def marina(look: Look) -> Canvas:
    """Boats at a quay before white houses."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 380), (0, 210), (230, 140), (520, 260), (860, 150), (1200, 240), (1200, 380)], FAR)
    for number, left in enumerate(range(-40, 1240, 160)):
        top = 250 + (number * 53) % 90
        canvas.rect(left, top, left + 160, 470, (WALL, LIME_TURNED, LIME)[number % 3])
        canvas.rect(left, top - 8, left + 160, top + 8, (TERRACOTTA, PAINT, TERRACOTTA_DEEP)[number % 3])
        canvas.rect(left + 154, top + 8, left + 160, 470, WALL_SHADE)
        for y in range(top + 30, 400, 60):
            for x in (left + 26, left + 92):
                canvas.rect(x, y, x + 36, y + 38, GLASS)
                canvas.rect(x - 4, y + 30, x + 40, y + 36, INK)
        canvas.area(
            [(left + 10, 408), (left + 144, 408), (left + 150, 430), (left + 4, 430)], (WARM, FABRIC)[number % 2]
        )
        canvas.rect(left + 20, 430, left + 140, 470, GLASS)
    canvas.rect(0, 462, 1200, 496, STONE)
    canvas.rect(0, 488, 1200, 504, STONE_DEEP)
    canvas.rect(0, 504, 1200, 800, SEA)
    canvas.rect(0, 640, 1200, 800, SEA_DEEP)
    for left, top, long in ((60, 540, 110), (420, 560, 160), (860, 548, 130), (220, 690, 200), (700, 730, 240)):
        canvas.rect(left, top, left + long, top + 5, SKY_LOW)
    for x, y, size, colour in BOATS:
        _boat(canvas, x, y, size, colour)
    return canvas


def _boat(canvas: Canvas, x: float, y: float, size: float, colour: str) -> None:
    canvas.shade(ellipse(x, y + size * 0.2, size * 1.1, size * 0.1), strength=0.4)
    canvas.line([(x - size * 0.1, y), (x - size * 0.1, y - size * 2.3)], max(size * 0.035, 3), WOOD)
    canvas.area(
        [(x - size * 0.04, y - size * 2.1), (x + size * 0.7, y - size * 0.3), (x - size * 0.04, y - size * 0.3)], LIME
    )
    jib = [(x - size * 0.16, y - size * 1.8), (x - size * 0.7, y - size * 0.3), (x - size * 0.16, y - size * 0.3)]
    canvas.area(jib, LIME_SHADE)
    canvas.area([(x - size, y - size * 0.16), (x + size * 1.1, y - size * 0.2), (x + size * 0.8, y + size * 0.2),
                 (x - size * 0.8, y + size * 0.2)], colour)  # fmt: skip
    canvas.rect(x - size * 0.84, y + size * 0.12, x + size * 0.86, y + size * 0.2, INK)


def golf(look: Look) -> Canvas:
    """A green with its flag, bunkers, pines along the fairway, hills behind."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 420), (0, 230), (240, 150), (470, 280), (760, 130), (1000, 260), (1200, 190), (1200, 420)], FAR)
    canvas.area([(0, 380), (300, 340), (700, 390), (1200, 340), (1200, 800), (0, 800)], LEAF)
    canvas.area([(0, 480), (420, 410), (800, 430), (1200, 400), (1200, 800), (0, 800)], LEAF_LIGHT)
    canvas.area([(180, 800), (480, 520), (640, 470), (900, 470), (1120, 560), (1200, 700), (1200, 800)], "#9dbb84")
    for x, y, size in ((330, 560, 110), (1030, 520, 80), (930, 720, 150)):
        canvas.disc(x, y, size, STONE_DEEP, 0.3)
        canvas.disc(x + 4, y + 8, size * 0.94, SAND, 0.28)
    for x, y, size in (
        (60, 430, 120),
        (150, 412, 90),
        (240, 400, 76),
        (1010, 410, 100),
        (1100, 420, 130),
        (1180, 440, 150),
    ):
        olive(canvas, x, y, size)
    canvas.shade(ellipse(720, 566, 60, 8), strength=0.35)
    canvas.line([(700, 566), (700, 370)], 5, LIME)
    canvas.area([(702, 370), (790, 398), (702, 426)], CUSHION)
    canvas.disc(640, 600, 7, LIME)
    canvas.shade([(0, 640), (360, 700), (420, 800), (0, 800)], strength=0.24)
    for x, height in ((560, 150), (600, 120)):
        cypress(canvas, x, 408, height)
    return canvas


def roofs(look: Look) -> Canvas:
    """A roof terrace among the roofs of a white village, the church tower behind."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 460), (0, 240), (300, 130), (620, 300), (900, 180), (1200, 280), (1200, 460)], FAR)
    houses = ((0, 360, 210), (180, 330, 190), (350, 380, 170), (500, 300, 130), (610, 356, 200), (790, 318, 180),
              (950, 372, 250))  # fmt: skip
    for number, (left, top, wide) in enumerate(houses):
        canvas.rect(left, top, left + wide, 640, (LIME, LIME_TURNED)[number % 2])
        canvas.area([(left - 8, top + 4), (left + wide * 0.5, top - 44), (left + wide + 8, top + 4)], TERRACOTTA)
        canvas.area(
            [(left + wide * 0.5, top - 44), (left + wide + 8, top + 4), (left + wide * 0.62, top + 4)], TERRACOTTA_DEEP
        )
        canvas.rect(left + wide * 0.3, top + 40, left + wide * 0.3 + 34, top + 92, GLASS)
        canvas.rect(left + wide * 0.62, top + 60, left + wide * 0.62 + 28, top + 100, GLASS)
    canvas.rect(516, 140, 606, 400, LIME)
    canvas.rect(578, 140, 606, 400, LIME_SHADE)
    canvas.area([(500, 144), (561, 70), (622, 144)], TERRACOTTA)
    canvas.arch(540, 176, 572, 250, GLASS)
    canvas.rect(0, 590, 1200, 800, TERRACOTTA)
    for y in (626, 676, 740):
        canvas.line([(0, y), (1200, y)], 2, TERRACOTTA_DEEP)
    for x in range(-300, 1500, 130):
        canvas.line([(600 + (x - 600) * 0.7, 600), (x, 800)], 2, TERRACOTTA_DEEP)
    canvas.rect(0, 520, 1200, 600, LIME)
    canvas.rect(0, 508, 1200, 526, LIME_TURNED)
    canvas.shade([(0, 600), (1200, 600), (1200, 622), (0, 622)], strength=0.3)
    canvas.line([(120, 740), (120, 250)], 9, WOOD_DEEP)
    canvas.line([(1090, 740), (1090, 250)], 9, WOOD_DEEP)
    canvas.line([(120, 268), (600, 330), (1090, 268)], 3, INK)
    for x, y in ((300, 300), (520, 326), (760, 316)):
        canvas.area([(x, y - 4), (x + 110, y + (8 if x < 500 else -8)), (x + 104, y + 120), (x + 6, y + 112)],
                    (FABRIC, LIME, WARM)[x % 3])  # fmt: skip
    canvas.shade(ellipse(860, 752, 130, 20), strength=0.34)
    canvas.area([(730, 640), (930, 640), (950, 716), (710, 716)], WARM)
    canvas.area([(710, 716), (950, 716), (950, 736), (710, 736)], WARM_DEEP)
    for x in (220, 1010):
        pot(canvas, x, 748, 96)
        bush(canvas, x, 656, 66, LEAF_LIGHT)
        agave(canvas, x, 650, 96)
    return canvas


def valley(look: Look) -> Canvas:
    """Olive groves in a valley, a white village on the hill across."""
    canvas = Canvas(SKY_LOW, look)
    canvas.disc(280, 150, 56, SUN)
    canvas.area([(0, 420), (0, 210), (260, 120), (520, 250), (820, 110), (1200, 250), (1200, 420)], FAR)
    canvas.area([(0, 470), (300, 410), (560, 300), (760, 268), (980, 330), (1200, 420), (1200, 620), (0, 620)], LEAF)
    for x, y, wide, high in VILLAGE:
        canvas.rect(x, y, x + wide, y + high, LIME)
        canvas.rect(x + wide * 0.66, y, x + wide, y + high, LIME_SHADE)
        canvas.rect(x - 3, y - 7, x + wide + 3, y + 2, TERRACOTTA)
        canvas.rect(x + wide * 0.24, y + 14, x + wide * 0.24 + 9, y + 28, GLASS)
    canvas.rect(724, 196, 748, 260, LIME)
    canvas.area([(720, 198), (736, 172), (752, 198)], TERRACOTTA)
    canvas.area([(0, 520), (380, 470), (820, 540), (1200, 470), (1200, 800), (0, 800)], LEAF_LIGHT)
    canvas.area([(0, 640), (500, 570), (1200, 660), (1200, 800), (0, 800)], SAND)
    for line, (y, size) in enumerate(((530, 44), (580, 58), (644, 82), (730, 116))):
        for column in range(-1, 12):
            at = column * (size * 2.1) + line * 60
            canvas.shade(ellipse(at + size * 0.6, y + 2, size * 0.8, size * 0.14), strength=0.28)
            olive(canvas, at, y, size)
    canvas.rect(0, 776, 1200, 800, LEAF_DEEP)
    return canvas


def land(look: Look) -> Canvas:
    """A plot marked with posts, olive trees, hills, a strip of sea."""
    canvas = Canvas(SKY_LOW, look)
    canvas.disc(540, 130, 58, SUN)
    canvas.rect(0, 330, 1200, 420, SEA)
    canvas.rect(0, 330, 1200, 340, "#5aa6b2")
    canvas.area([(0, 250), (130, 190), (290, 270), (420, 236), (640, 360), (640, 440), (0, 440)], FAR)
    canvas.area([(820, 440), (980, 330), (1100, 360), (1200, 296), (1200, 460), (820, 460)], "#7aa3a4")
    canvas.area([(0, 390), (260, 350), (620, 420), (940, 396), (1200, 426), (1200, 560), (0, 560)], LEAF)
    canvas.area([(0, 470), (420, 430), (800, 470), (1200, 440), (1200, 800), (0, 800)], LEAF_LIGHT)
    plot = [(250, 540), (830, 500), (1080, 690), (140, 740)]
    canvas.area(plot, SAND)
    canvas.area([(700, 509), (830, 500), (1080, 690), (870, 701)], STONE)
    for x, y, size in ((90, 520, 70), (200, 492, 56), (960, 500, 66), (1080, 520, 82), (520, 462, 44), (640, 460, 42)):
        canvas.shade(ellipse(x + size * 0.7, y + 2, size * 0.8, size * 0.13), strength=0.3)
        olive(canvas, x, y, size)
    canvas.shade(ellipse(610, 640, 130, 20), strength=0.28)
    olive(canvas, 520, 634, 150)
    for x, y in plot:
        canvas.shade([(x, y - 3), (x, y + 3), (x + 62, y + 15), (x + 62, y + 10)], strength=0.35)
        canvas.rect(x - 5, y - 56, x + 5, y + 3, LIME)
        canvas.rect(x - 5, y - 56, x + 5, y - 42, TERRACOTTA)
    for x, y, size in ((60, 770, 90), (1150, 790, 110)):
        agave(canvas, x, y, size, 11)
    return canvas
