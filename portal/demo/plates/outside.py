"""Plates of what stands under the sky: houses, streets, terraces, gardens, land. The sun comes from the upper left."""

from portal.demo.plates.canvas import (
    FAR,
    INK,
    LEAF,
    LEAF_DEEP,
    LEAF_LIGHT,
    LIME,
    LIME_SHADE,
    LIME_TURNED,
    POOL,
    POOL_DEEP,
    SAND,
    SEA,
    SEA_DEEP,
    SHADOW,
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
    View,
    arched,
    ellipse,
)  # fmt: skip
from portal.demo.plates.looks import (
    GLASS,
    GLASS_LIGHT,
    PAINT,
    PAINT_LIGHT,
    WALL,
    WALL_SHADE,
    WALL_TURNED,
    WARM,
    WARM_DEEP,
    Look,
)
from portal.demo.plates.plants import agave, bush, cypress, olive, palm, pot


def facade(look: Look) -> Canvas:
    """A street front: an arched door, two windows, the shadow of the house across."""
    canvas = Canvas(SKY, look)
    canvas.rect(0, 690, 1200, 800, STONE)
    canvas.rect(0, 690, 1200, 704, STONE_DEEP)
    wall = [(170, 170), (1200, 170), (1200, 690), (170, 690)]
    canvas.rect(0, 300, 170, 690, LIME_TURNED)
    canvas.rect(0, 286, 170, 304, TERRACOTTA)
    canvas.area(wall, LIME)
    canvas.rect(156, 148, 1200, 176, TERRACOTTA)
    canvas.rect(156, 166, 1200, 176, TERRACOTTA_DEEP)
    canvas.shade([(170, 176), (1200, 176), (1200, 196), (182, 196)])
    canvas.rect(170, 640, 1200, 690, LIME_TURNED)
    for left in (672, 972):
        _window(canvas, left, 330)
    _door(canvas, 380, 352, 530, 690)
    canvas.shade([(1200, 176), (1200, 690), (590, 690), (1010, 176)], within=wall, strength=0.34)
    canvas.shade([(590, 690), (1200, 690), (1200, 800), (500, 800)], strength=0.34)
    canvas.shade([(262, 704), (300, 704), (372, 752), (330, 752)], ellipse(376, 752, 56, 15), strength=0.26)
    pot(canvas, 282, 704, 74)
    agave(canvas, 282, 632, 84)
    return canvas


def _door(canvas: Canvas, left: float, top: float, right: float, ground: float) -> None:
    frame = arched(left, top, right, ground)
    canvas.arch(left - 20, top - 20, right + 20, ground, STONE)
    canvas.area(frame, PAINT)
    middle = (left + right) / 2
    canvas.rect(middle - 2, top, middle + 2, ground, INK)
    for row in range(4):
        for x in (left + 18, middle + 12):
            canvas.rect(x, top + 92 + row * 60, x + 46, top + 136 + row * 60, PAINT_LIGHT)
    canvas.disc(middle - 14, ground - 150, 6, WARM)
    jamb = [(left, top), (left + 26, top), (left + 26, ground), (left, ground)]
    head = [(left, top), (right, top), (right, top + 40), (left, top + 70)]
    canvas.shade(jamb, head, within=frame, strength=0.45)
    canvas.rect(left - 34, ground - 12, right + 34, ground + 6, STONE_DEEP)


def _window(canvas: Canvas, left: float, top: float) -> None:
    canvas.rect(left - 10, top - 10, left + 130, top + 190, STONE)
    canvas.rect(left, top, left + 120, top + 180, GLASS)
    canvas.area(
        [(left, top + 180), (left, top + 60), (left + 70, top), (left + 120, top), (left + 120, top + 40)], GLASS_LIGHT
    )
    canvas.rect(left + 57, top, left + 63, top + 180, LIME)
    canvas.rect(left, top + 84, left + 120, top + 90, LIME)
    canvas.shade([(left, top), (left + 120, top), (left + 120, top + 22), (left, top + 22)], strength=0.5)
    for x in (left - 64, left + 126):
        canvas.rect(x, top - 2, x + 58, top + 182, PAINT)
        for row in range(12):
            canvas.rect(x + 8, top + 8 + row * 14.4, x + 50, top + 14 + row * 14.4, PAINT_LIGHT)
        edge, foot = (x + 58, top + 8), (x + 2, top + 182)
        canvas.shade([edge, (x + 68, top + 20), (x + 68, top + 194), (x + 12, top + 194), foot, (x + 58, top + 182)])
    canvas.rect(left - 18, top + 186, left + 138, top + 200, STONE_DEEP)


def pool(look: Look) -> Canvas:
    """A pool before a white house, a lounger in the sun, two cypresses."""
    canvas, view = Canvas(SKY, look), View(760, 360)
    canvas.area([(0, 330), (210, 262), (420, 318), (640, 280), (640, 400), (0, 400)], FAR)
    canvas.rect(0, 392, 1200, 800, SAND)
    canvas.rect(0, 372, 640, 396, LEAF_DEEP)
    for x, height in ((96, 250), (158, 210), (470, 236)):
        cypress(canvas, x, 396, height)
    house = [(560, 150), (1200, 150), (1200, 420), (560, 420)]
    canvas.area(house, WALL)
    canvas.rect(560, 150, 1200, 166, WALL_TURNED)
    canvas.rect(640, 236, 1006, 420, GLASS)
    canvas.area([(640, 420), (640, 330), (760, 236), (880, 236), (720, 420)], GLASS_LIGHT)
    for x in (640, 760, 884, 1004):
        canvas.rect(x - 3, 236, x + 5, 420, LIME)
    canvas.rect(600, 208, 1060, 226, WALL_TURNED)
    canvas.rect(600, 226, 1060, 234, STONE_DEEP)
    canvas.shade([(600, 234), (1060, 234), (1096, 276), (636, 276)], within=house, strength=0.3)
    canvas.shade([(1060, 420), (1200, 420), (1200, 150), (1150, 150)], within=house, strength=0.2)
    _water(canvas, view)
    _lounger(canvas)
    canvas.shade([(560, 420), (1200, 420), (1200, 452), (590, 452)], strength=0.28)
    pot(canvas, 1116, 462, 46)
    agave(canvas, 1116, 418, 62)
    return canvas


def _water(canvas: Canvas, view: View) -> None:
    basin = view.floor(940, -60, 1010, 0.22, 3.2)
    rim = view.floor(940, -120, 1070, 0.1, 3.6)
    canvas.area(rim, LIME)
    canvas.area(basin, POOL)
    (far_left, far), (far_right, _) = basin[3], basin[2]
    canvas.area([basin[3], basin[2], (far_right + 4, far + 16), (far_left - 6, far + 16)], LIME_SHADE)
    canvas.shade([basin[3], basin[2], view.at(1010, 940, 2.5), view.at(60, 940, 2.2)], within=basin, strength=0.22)
    glints = ((180, 460, 0.5), (560, 900, 0.62), (40, 300, 0.9), (420, 640, 1.15), (700, 960, 1.6), (120, 420, 1.9))
    for left, right, deep in glints:
        canvas.area(view.floor(940, left, right, deep, deep + 0.045), SKY_LOW)
    for deep in (0.4, 0.8, 1.4):
        canvas.area(view.floor(940, -60, 1010, deep, deep + 0.02), POOL_DEEP)
    for deep in (0.86, 1.02):
        (x, y), (out, low) = view.at(1000, 940, deep), view.at(1072, 940, deep)
        canvas.line([(x - 8, y + 16), (x - 8, y - 44), (x + 8, y - 58), (out, y - 58), (out, low)], 6, INK)


def _lounger(canvas: Canvas) -> None:
    canvas.shade([(70, 520), (330, 500), (380, 530), (120, 560)], strength=0.3)
    canvas.area([(60, 500), (300, 478), (330, 500), (90, 526)], WOOD)
    canvas.area([(60, 494), (300, 472), (330, 492), (90, 518)], WARM)
    canvas.area([(60, 494), (90, 518), (44, 452), (18, 432)], WARM)
    canvas.area([(90, 518), (44, 452), (40, 458), (84, 526)], WARM_DEEP)
    for x, y in ((84, 524), (298, 496), (322, 500)):
        canvas.rect(x, y, x + 6, y + 26, WOOD_DEEP)


def block(look: Look) -> Canvas:
    """An apartment block, its balconies throwing shadows, one awning out."""
    canvas = Canvas(SKY, look)
    canvas.rect(0, 716, 1200, 800, STONE)
    canvas.rect(0, 700, 1200, 720, LEAF_DEEP)
    canvas.area([(930, 196), (1130, 232), (1130, 716), (930, 716)], WALL_SHADE)
    for floor in range(5):
        top = 238 + floor * 96
        canvas.area([(985, top + 8), (1060, top + 18), (1060, top + 62), (985, top + 56)], GLASS)
    front = [(150, 130), (930, 130), (930, 716), (150, 716)]
    canvas.area(front, WALL)
    canvas.rect(140, 116, 944, 136, WALL_TURNED)
    canvas.rect(640, 70, 800, 120, WALL)
    canvas.shade([(760, 70), (800, 70), (800, 120), (760, 120)], strength=0.25)
    for floor in range(5):
        for bay in range(3):
            _balcony(canvas, 196 + bay * 246, 168 + floor * 110, awning=(floor, bay) in ((1, 2), (3, 0)))
    palm(canvas, 86, 760, 330, 150)
    palm(canvas, 1060, 770, 250, 130)
    canvas.shade([(110, 756), (330, 790), (330, 800), (80, 772)], strength=0.3)
    bush(canvas, 980, 740, 60)
    bush(canvas, 1160, 744, 74, LEAF_LIGHT)
    return canvas


def _balcony(canvas: Canvas, left: float, top: float, awning: bool) -> None:
    right = left + 196
    canvas.rect(left, top, right, top + 76, GLASS)
    glass = [(left, top + 76), (left, top + 40), (left + 60, top), (left + 120, top), (left + 30, top + 76)]
    canvas.area(glass, GLASS_LIGHT)
    canvas.rect(left + 94, top, left + 101, top + 76, WALL)
    if awning:
        canvas.area([(left, top), (right, top), (right + 6, top + 34), (left - 6, top + 34)], WARM)
        canvas.rect(left - 6, top + 34, right + 6, top + 42, WARM_DEEP)
    canvas.rect(left - 14, top + 52, right + 14, top + 84, WALL)
    canvas.rect(left - 14, top + 76, right + 14, top + 84, WALL_TURNED)
    under = [(left - 14, top + 84), (right + 14, top + 84), (right + 34, top + 102), (left + 8, top + 102)]
    canvas.shade(under, strength=0.36)


def street(look: Look) -> Canvas:
    """A village street between white walls, one side in the sun, the hill at its end."""
    canvas, view = Canvas(SKY, look), View(590, 380)
    canvas.area([(420, 330), (560, 200), (640, 250), (760, 190), (860, 330), (860, 420), (420, 420)], FAR)
    canvas.area([(480, 330), (590, 300), (700, 330), (700, 440), (480, 440)], LIME)
    canvas.area([(480, 334), (590, 304), (700, 334), (700, 328), (590, 296), (480, 328)], TERRACOTTA)
    canvas.arch(576, 384, 606, 440, SHADOW)
    lane = view.floor(900, 0, 1200, 0, 9)
    canvas.area([(0, 800), *lane[2:][::-1], (1200, 800)], STONE)
    for number in range(9):
        canvas.area(view.floor(900, 430, 760, 0.12 + number * 0.42, 0.3 + number * 0.42), STONE_DEEP)
    left, right = view.side(0, -260, 900, 0, 9), view.side(1200, -260, 900, 0, 9)
    canvas.area(left, LIME_SHADE)
    canvas.area(right, LIME)
    canvas.area(view.side(1200, -260, -220, 0, 9), TERRACOTTA)
    canvas.area(view.side(0, -260, -220, 0, 9), TERRACOTTA_DEEP)
    canvas.area(view.side(1200, 800, 900, 0, 9), LIME_TURNED)
    canvas.shade(view.floor(900, 0, 640, 0, 9), within=[(0, 800), *lane[2:][::-1], (1200, 800)], strength=0.34)
    for near, colour in ((0.1, PAINT), (1.6, WOOD_DEEP)):
        canvas.area(view.side(1200, 330, 900, near + 0.22, near + 0.55), STONE)
        canvas.area(view.side(1200, 360, 900, near + 0.25, near + 0.52), colour)
    _street_windows(canvas, view)
    for deep, size in ((0.86, 70), (1.05, 58), (2.6, 34)):
        x, y = view.at(1130, 900, deep)
        pot(canvas, x, y, size)
        bush(canvas, x, y - size, size * 0.62, LEAF_LIGHT if deep < 1 else LEAF)
    return canvas


def _street_windows(canvas: Canvas, view: View) -> None:
    for near in (1.0, 1.3, 2.6):
        canvas.area(view.side(1200, 40, 330, near, near + 0.16), STONE)
        canvas.area(view.side(1200, 60, 310, near + 0.02, near + 0.14), GLASS)
    canvas.area(view.side(1200, -60, 250, 0.26, 0.52), GLASS)
    slab, front = view.floor(250, 1090, 1200, 0.2, 0.58), view.side(1090, 120, 250, 0.2, 0.58)
    canvas.area(slab, LIME_SHADE)
    for number in range(9):
        near = 0.2 + number * 0.0475
        canvas.line([view.at(1090, 120, near), view.at(1090, 250, near)], 4, INK)
    canvas.line(front[:2], 6, INK)
    canvas.line([front[3], front[2]], 8, LIME_TURNED)
    canvas.shade(view.side(1200, 250, 330, 0.24, 0.66), strength=0.26)
    for near in (0.3, 1.3, 2.4):
        canvas.area(view.side(0, 40, 360, near, near + 0.22), GLASS)
        canvas.area(view.side(0, 360, 384, near - 0.02, near + 0.24), LIME_TURNED)


def terrace(look: Look, sea: bool = True) -> Canvas:
    """A terrace over the sea, the shadow of a pergola across its floor."""
    canvas, view = Canvas(SKY_LOW, look), View(600, 330)
    canvas.disc(250, 150, 62, SUN)
    _before_terrace(canvas, sea)
    canvas.area([(0, 560), (1200, 560), (1200, 800), (0, 800)], SAND)
    floor = [(0, 560), (1200, 560), (1200, 800), (0, 800)]
    bars = [[(x, 560), (x + 44, 560), (x + 348, 800), (x + 264, 800)] for x in range(-420, 1200, 118)]
    canvas.shade(*bars, within=floor, strength=0.26)
    canvas.rect(0, 486, 1200, 572, LIME)
    canvas.rect(0, 474, 1200, 492, LIME_TURNED)
    canvas.shade([(0, 572), (1200, 572), (1200, 590), (0, 590)], strength=0.3)
    canvas.rect(1040, 0, 1090, 640, LIME)
    canvas.shade([(1066, 0), (1090, 0), (1090, 640), (1066, 640)], strength=0.24)
    for beam in range(9):
        x = 60 + beam * 136
        canvas.area([(x, 0), (x + 26, 0), view.at(x + 26, -60, 0.55), view.at(x, -60, 0.55)], WOOD)
    canvas.rect(0, 62, 1200, 86, WOOD_DEEP)
    _table(canvas)
    return canvas


def _before_terrace(canvas: Canvas, sea: bool) -> None:
    if not sea:
        canvas.area([(0, 560), (0, 250), (210, 170), (430, 290), (690, 150), (940, 280), (1200, 210), (1200, 560)], FAR)
        canvas.area([(0, 560), (0, 360), (330, 300), (640, 380), (930, 320), (1200, 370), (1200, 560)], LEAF_LIGHT)
        canvas.area([(0, 560), (0, 440), (420, 390), (800, 450), (1200, 410), (1200, 560)], LEAF)
        for x, y, size in ((150, 420, 44), (320, 400, 36), (620, 424, 46), (860, 440, 50), (980, 426, 40)):
            olive(canvas, x, y, size)
        return
    canvas.rect(0, 330, 1200, 560, SEA)
    canvas.rect(0, 330, 1200, 352, "#5aa6b2")
    canvas.rect(0, 452, 1200, 560, SEA_DEEP)
    for left, top, long in ((160, 376, 150), (210, 392, 90), (230, 410, 60), (760, 384, 120), (900, 420, 180)):
        canvas.rect(left, top, left + long, top + 4, SKY_LOW)
    canvas.area([(842, 330), (842, 262), (886, 330)], LIME)
    canvas.area([(836, 330), (836, 276), (812, 330)], LIME_TURNED)
    canvas.area([(806, 334), (892, 334), (880, 346), (818, 346)], INK)


def _table(canvas: Canvas) -> None:
    canvas.shade(ellipse(470, 748, 150, 26), [(560, 740), (700, 752), (700, 762), (560, 756)], strength=0.35)
    canvas.disc(400, 640, 108, LIME, 0.22)
    canvas.area([*ellipse(400, 640, 108, 24, 0, 180), *ellipse(400, 648, 108, 24, 180, 0)], STONE_DEEP)
    canvas.rect(394, 662, 406, 744, STONE_DEEP)
    canvas.disc(400, 744, 44, STONE_DEEP, 0.2)
    canvas.area([(590, 560), (690, 560), (700, 668), (600, 668)], WARM)
    canvas.area([(600, 668), (700, 668), (672, 690), (560, 690)], WARM_DEEP)
    for top, x in ((690, 562), (690, 668), (668, 694)):
        canvas.rect(x, top, x + 6, 762, WOOD_DEEP)
    canvas.area([(372, 640), (384, 640), (386, 596), (370, 596)], PAINT)
    canvas.disc(430, 634, 17, TERRACOTTA, 0.5)


def garden(look: Look) -> Canvas:
    """A path of flat stones to a white house, between agaves and cypresses."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 340), (300, 250), (620, 330), (900, 240), (1200, 320), (1200, 420), (0, 420)], FAR)
    canvas.rect(0, 400, 1200, 800, LEAF_LIGHT)
    canvas.rect(0, 400, 1200, 424, LEAF)
    canvas.rect(520, 220, 860, 430, WALL)
    canvas.area([(860, 220), (960, 250), (960, 430), (860, 430)], WALL_SHADE)
    canvas.area([(504, 222), (690, 168), (878, 222)], TERRACOTTA)
    canvas.area([(690, 168), (878, 222), (976, 252), (800, 186)], TERRACOTTA_DEEP)
    canvas.arch(650, 310, 724, 430, PAINT)
    for x in (566, 780):
        canvas.rect(x, 300, x + 44, 366, GLASS)
        canvas.rect(x - 5, 366, x + 49, 374, STONE_DEEP)
    canvas.shade([(504, 222), (878, 222), (860, 246), (520, 246)], strength=0.3)
    stones = (
        (688, 448, 44), (660, 478, 58), (616, 514, 74), (560, 560, 94), (512, 616, 116), (500, 684, 142),
        (540, 764, 170),
    )  # fmt: skip
    for x, y, size in stones:
        canvas.disc(x + 5, y + 7, size, LEAF_DEEP, 0.2)
        canvas.disc(x, y, size, STONE, 0.2)
    for x, ground, height in ((180, 520, 330), (300, 470, 240), (390, 450, 190), (1010, 480, 260), (1110, 540, 350)):
        tip = [(x + height * 0.75, ground + height * 0.2), (x + height * 0.62, ground + height * 0.24)]
        canvas.shade([(x - 8, ground - 4), (x + 8, ground - 4), *tip])
        cypress(canvas, x, ground, height)
    for x, ground, size in ((120, 720, 150), (330, 640, 92), (850, 650, 110), (1050, 750, 170), (760, 560, 64)):
        canvas.shade(ellipse(x + size * 0.5, ground + 4, size, size * 0.16), strength=0.3)
        agave(canvas, x, ground, size, 13)
    return canvas


def patio(look: Look) -> Canvas:
    """A patio with stairs along its wall, an arch below, pots on the steps."""
    canvas = Canvas(LIME, look)
    canvas.rect(0, 0, 330, 660, LIME_TURNED)
    canvas.area([(0, 660), (1200, 660), (1200, 800), (0, 800)], STONE)
    for row in range(3):
        for column in range(-1, 9):
            x = column * 160 + (80 if row % 2 else 0)
            canvas.line([(x, 660 + row * 46), (x - 26, 706 + row * 46)], 2, STONE_DEEP)
        canvas.line([(0, 706 + row * 46), (1200, 706 + row * 46)], 2, STONE_DEEP)
    steps = [(560, 660)]
    for step in range(9):
        x, y = 560 + step * 56, 660 - step * 46
        steps += [(x, y - 46), (x + 56, y - 46)]
    flight = [*steps, (1200, 246), (1200, 660)]
    canvas.rect(1064, 60, 1200, 246, PAINT)
    canvas.rect(1050, 46, 1200, 60, STONE)
    canvas.rect(1050, 46, 1064, 246, STONE)
    canvas.area(flight, LIME_TURNED)
    for step in range(9):
        x, y = 560 + step * 56, 614 - step * 46
        canvas.rect(x - 4, y, x + 56, y + 9, TERRACOTTA)
        canvas.rect(x, y + 9, x + 4, y + 46, LIME_SHADE)
    canvas.arch(900, 420, 1050, 660, SHADOW)
    canvas.area([(900, 500), (940, 440), (940, 660), (900, 660)], PAINT)
    _patio_left(canvas)
    for step, size in ((2, 44), (4, 44), (6, 44)):
        x, y = 560 + step * 56 + 28, 614 - step * 46
        pot(canvas, x, y, size)
        bush(canvas, x, y - size, size * 0.62, LEAF_LIGHT if step == 4 else LEAF)
    canvas.shade([(330, 0), (330, 660), (250, 800), (0, 800), (0, 0)], strength=0.3)
    canvas.shade([(330, 0), (760, 0), (330, 470)], strength=0.3)
    return canvas


def _patio_left(canvas: Canvas) -> None:
    canvas.arch(96, 300, 250, 660, WOOD_DEEP)
    canvas.rect(170, 380, 176, 660, INK)
    canvas.rect(380, 330, 470, 450, STONE)
    canvas.rect(392, 342, 458, 438, SHADOW)
    for x in (408, 425, 442):
        canvas.line([(x, 342), (x, 438)], 3, INK)
    canvas.shade(ellipse(470, 706, 90, 16), strength=0.3)
    pot(canvas, 400, 706, 96)
    agave(canvas, 400, 612, 130, 13)
