"""Plates of houses and buildings: villa, row, town street, shared pool, shop, ruin, garage."""

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
    SHADOW,
    SKY,
    SKY_LOW,
    STONE,
    STONE_DEEP,
    TERRACOTTA,
    TERRACOTTA_DEEP,
    WOOD,
    WOOD_DEEP,
    Canvas,
    View,
    ellipse,
)  # fmt: skip
from portal.demo.plates.looks import (
    CUSHION,
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
)  # fmt: skip
from portal.demo.plates.plants import agave, bush, cypress, olive, palm, pot


def villa(look: Look) -> Canvas:
    """A flat-roofed house in two volumes above a lawn."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 420), (0, 300), (260, 200), (520, 330), (820, 230), (1200, 330), (1200, 420)], FAR)
    canvas.rect(0, 400, 1200, 620, LEAF)
    for x, height in ((60, 300), (130, 240), (1120, 330)):
        cypress(canvas, x, 560, height)
    upper, lower = [(340, 170), (860, 170), (860, 350), (340, 350)], [(210, 350), (1040, 350), (1040, 570), (210, 570)]
    canvas.area(upper, WALL)
    canvas.area(lower, WALL_TURNED)
    canvas.rect(320, 156, 880, 176, WALL_TURNED)
    canvas.rect(190, 338, 1060, 360, WALL)
    canvas.rect(400, 214, 640, 338, GLASS)
    canvas.area([(400, 338), (400, 280), (470, 214), (560, 214), (450, 338)], GLASS_LIGHT)
    canvas.rect(700, 214, 800, 300, GLASS)
    for x in (478, 556):
        canvas.rect(x, 214, x + 7, 338, WALL)
    canvas.rect(400, 296, 640, 302, INK)
    canvas.rect(470, 390, 900, 570, GLASS)
    canvas.area([(470, 570), (470, 480), (570, 390), (690, 390), (540, 570)], GLASS_LIGHT)
    for x in (572, 678, 786):
        canvas.rect(x, 390, x + 8, 570, WALL)
    canvas.rect(280, 400, 372, 570, PAINT)
    canvas.rect(352, 480, 360, 506, WARM)
    canvas.area([(940, 360), (1040, 360), (1040, 570), (940, 570)], WOOD)
    for x in range(956, 1040, 17):
        canvas.line([(x, 360), (x, 570)], 2.4, WOOD_DEEP)
    canvas.shade([(190, 360), (1060, 360), (1040, 396), (230, 396)], within=lower, strength=0.36)
    canvas.shade([(780, 176), (860, 176), (860, 350), (830, 350)], within=upper, strength=0.16)
    _lawn(canvas)
    return canvas


def _lawn(canvas: Canvas) -> None:
    canvas.rect(0, 570, 1200, 800, LEAF_LIGHT)
    canvas.area([(190, 570), (1060, 570), (1110, 606), (150, 606)], STONE)
    canvas.shade([(210, 570), (1040, 570), (1130, 604), (300, 604)], strength=0.2)
    for number in range(5):
        y, wide = 626 + number * 34, 130 + number * 26
        left, right = 326 - wide / 2, 326 + wide / 2
        canvas.area([(left, y), (right, y), (right + 6, y + 18), (left - 6, y + 18)], STONE)
    olive(canvas, 860, 720, 190)
    canvas.shade(ellipse(990, 724, 150, 20), strength=0.28)
    for x, y, size in ((90, 740, 120), (1110, 760, 140), (620, 700, 60)):
        agave(canvas, x, y, size, 11)


def row(look: Look) -> Canvas:
    """Town houses side by side, each with its door, a gate and a tiled porch."""
    canvas = Canvas(SKY, look)
    canvas.rect(0, 690, 1200, 800, STONE)
    canvas.rect(0, 690, 1200, 702, STONE_DEEP)
    for number, left in enumerate((-130, 265, 660, 1055)):
        top = 190 + (number % 2) * 46
        canvas.rect(left, top, left + 395, 690, (WALL, WALL_TURNED)[number % 2])
        canvas.area([(left - 16, top), (left + 60, top - 64), (left + 335, top - 64), (left + 411, top)], TERRACOTTA)
        canvas.rect(left - 16, top - 4, left + 411, top + 10, TERRACOTTA_DEEP)
        canvas.shade(
            [(left, top + 10), (left + 395, top + 10), (left + 395, top + 34), (left, top + 34)], strength=0.26
        )
        for x in (left + 66, left + 236):
            canvas.rect(x - 8, top + 76, x + 98, top + 216, STONE)
            canvas.rect(x, top + 84, x + 90, top + 208, GLASS)
            canvas.area([(x, top + 208), (x, top + 150), (x + 60, top + 84), (x + 80, top + 84)], GLASS_LIGHT)
            canvas.rect(x + 42, top + 84, x + 48, top + 208, LIME)
            canvas.rect(x - 12, top + 192, x + 102, top + 200, INK)
            for bar in range(8):
                canvas.line([(x - 10 + bar * 15.6, top + 196), (x - 10 + bar * 15.6, top + 236)], 3, INK)
            canvas.rect(x - 14, top + 234, x + 104, top + 242, INK)
        canvas.rect(left + 130, 470, left + 250, 690, PAINT)
        canvas.rect(left + 144, 490, left + 236, 580, PAINT_LIGHT)
        canvas.rect(left + 144, 596, left + 236, 676, PAINT_LIGHT)
        canvas.area([(left + 96, 462), (left + 190, 424), (left + 284, 462)], TERRACOTTA)
        canvas.shade([(left + 96, 462), (left + 284, 462), (left + 300, 494), (left + 130, 494)], strength=0.3)
        canvas.rect(left + 22, 600, left + 116, 690, LIME)
        bush(canvas, left + 70, 604, 52, LEAF_LIGHT)
        pot(canvas, left + 318, 690, 56)
        agave(canvas, left + 318, 632, 70)
        canvas.rect(left + 391, top, left + 396, 690, WALL_SHADE)
    canvas.shade([(0, 702), (1200, 702), (1200, 724), (0, 724)], strength=0.2)
    return canvas


def city(look: Look) -> Canvas:
    """Old town fronts on a paved street: tall windows, iron balconies, awnings over the shops."""
    canvas, view = Canvas(SKY, look), View(430, 470)
    canvas.rect(0, 640, 1200, 800, STONE)
    canvas.area([(330, 640), (330, 250), (520, 250), (520, 640)], LIME_SHADE)
    canvas.rect(394, 200, 456, 640, LIME_TURNED)
    canvas.area([(386, 200), (425, 130), (464, 200)], TERRACOTTA)
    canvas.arch(410, 230, 440, 290, GLASS)
    far = view.side(1200, -420, 760, 0, 6)
    canvas.area(far, WALL)
    canvas.area(view.side(1200, -420, -390, 0, 6), WALL_TURNED)
    canvas.area(view.side(-240, -420, 760, 0, 6), WALL_SHADE)
    canvas.area([(0, 800), view.at(-240, 760, 6), view.at(1200, 760, 6), (1200, 800)], STONE)
    for near in (0.05, 0.33, 0.68, 1.1, 1.7, 2.5):
        far_edge = near + 0.12 + near * 0.06
        for top, bottom in ((-300, -90), (10, 220), (310, 520)):
            canvas.area(view.side(1200, top - 16, bottom + 8, near - 0.015, far_edge + 0.015), LIME)
            canvas.area(view.side(1200, top, bottom, near, far_edge), GLASS)
            canvas.area(view.side(1200, top, bottom, near, near + (far_edge - near) * 0.4), PAINT)
            rail = view.side(1150, bottom - 70, bottom + 14, near - 0.03, far_edge + 0.03)
            canvas.area(view.floor(bottom + 14, 1150, 1200, near - 0.03, far_edge + 0.03), STONE_DEEP)
            canvas.line([rail[0], rail[1]], 4, INK)
            canvas.line([rail[3], rail[2]], 5, INK)
            for step in range(7):
                deep = near - 0.03 + (far_edge - near + 0.06) * step / 6
                canvas.line([view.at(1150, bottom - 70, deep), view.at(1150, bottom + 14, deep)], 2.4, INK)
        canvas.area(view.side(1200, 590, 760, near, far_edge + 0.05), GLASS)
        roof = [*view.side(1200, 560, 560, near - 0.01, far_edge + 0.06)[:2],
                view.at(1090, 610, far_edge + 0.06), view.at(1090, 610, near - 0.01)]  # fmt: skip
        canvas.area(roof, WARM if near in (0.05, 0.68, 1.7) else CUSHION)
    for near in (0.4, 0.9, 1.6):
        for top in (-280, 20, 320):
            canvas.area(view.side(-240, top, top + 200, near, near + 0.14 + near * 0.05), GLASS)
    canvas.shade([(0, 800), view.at(-240, 760, 6), view.at(300, 760, 6), (560, 800)], strength=0.32)
    for deep, size in ((0.18, 90), (0.62, 70)):
        x, y = view.at(1010, 760, deep)
        pot(canvas, x, y, size * 0.8)
        bush(canvas, x, y - size * 0.8, size * 0.6, LEAF_LIGHT)
    return canvas


def communal(look: Look) -> Canvas:
    """A shared pool between palms, the apartments behind it."""
    canvas, view = Canvas(SKY, look), View(520, 330)
    canvas.area([(0, 360), (0, 260), (220, 210), (480, 300), (480, 360)], FAR)
    for left, top in ((330, 160), (770, 110)):
        canvas.rect(left, top, left + 400, 420, WALL)
        canvas.area([(left + 400, top), (left + 440, top + 20), (left + 440, 420), (left + 400, 420)], WALL_SHADE)
        canvas.rect(left - 8, top - 12, left + 408, top + 4, WALL_TURNED)
        for floor in range((420 - top) // 84):
            for bay in range(2):
                x, y = left + 30 + bay * 186, top + 26 + floor * 84
                canvas.rect(x, y, x + 154, y + 52, GLASS)
                canvas.area([(x, y + 52), (x, y + 30), (x + 40, y), (x + 90, y), (x + 30, y + 52)], GLASS_LIGHT)
                canvas.rect(x - 10, y + 36, x + 164, y + 62, WALL_TURNED)
                if (floor + bay) % 3 == 1:
                    canvas.area([(x, y), (x + 154, y), (x + 160, y + 22), (x - 6, y + 22)], WARM)
    _shared_pool(canvas, view)
    return canvas


def _shared_pool(canvas: Canvas, view: View) -> None:
    canvas.rect(0, 408, 1200, 800, LEAF_LIGHT)
    canvas.rect(0, 404, 1200, 424, LEAF_DEEP)
    canvas.area(view.floor(840, -700, 1500, 0.02, 2.7), SAND)
    basin = view.floor(840, -260, 1160, 0.12, 1.9)
    canvas.area(view.floor(840, -310, 1210, 0.06, 2.05), LIME)
    canvas.area(basin, POOL)
    for left, right, deep in ((-100, 200, 0.3), (500, 900, 0.42), (100, 420, 0.7), (640, 1000, 0.95), (0, 300, 1.3)):
        canvas.area(view.floor(840, left, right, deep, deep + 0.03), SKY_LOW)
    for deep in (0.25, 0.55, 1.0):
        canvas.area(view.floor(840, -240, 1140, deep, deep + 0.016), POOL_DEEP)
    for x, ground, high in ((110, 520, 380), (1080, 560, 420), (250, 450, 240)):
        canvas.shade([(x, ground - 6), (x + 150, ground + 30), (x + 150, ground + 38), (x, ground + 4)], strength=0.26)
        palm(canvas, x, ground, high, high * 0.4)
    for x, y in ((930, 500), (1020, 530)):
        canvas.area([(x, y), (x + 120, y - 10), (x + 140, y + 8), (x + 14, y + 20)], WARM)
        canvas.area([(x, y), (x + 14, y + 20), (x - 26, y - 30), (x - 38, y - 46)], WARM_DEEP)


def shop(look: Look) -> Canvas:
    """A shop front at street level: glass, an awning, the shutters of the flat above."""
    canvas = Canvas(WALL, look)
    canvas.rect(0, 690, 1200, 800, STONE)
    canvas.rect(0, 690, 1200, 704, STONE_DEEP)
    for x in (130, 530, 930):
        canvas.rect(x - 10, -20, x + 150, 130, STONE)
        canvas.rect(x, -20, x + 140, 120, GLASS)
        canvas.rect(x, -20, x + 66, 120, PAINT)
        for line in range(9):
            canvas.rect(x + 8, -10 + line * 14, x + 58, -4 + line * 14, PAINT_LIGHT)
        canvas.rect(x - 20, 120, x + 160, 132, STONE_DEEP)
    canvas.rect(60, 180, 1140, 690, PAINT)
    canvas.rect(90, 330, 660, 600, GLASS)
    canvas.area([(90, 600), (90, 470), (260, 330), (470, 330), (200, 600)], GLASS_LIGHT)
    canvas.rect(372, 330, 380, 600, PAINT_LIGHT)
    canvas.rect(740, 330, 900, 690, GLASS)
    canvas.area([(740, 600), (740, 470), (850, 330), (900, 330), (900, 400)], GLASS_LIGHT)
    canvas.rect(760, 500, 770, 580, WARM)
    canvas.rect(960, 330, 1110, 600, GLASS)
    for left, right in ((90, 660), (960, 1110)):
        canvas.rect(left, 620, right, 670, PAINT_LIGHT)
    for stripe in range(15):
        x = 40 + stripe * 75
        canvas.area([(x + 8, 216), (x + 75, 216), (x + 72, 330), (x - 4, 330)], (WARM, LIME)[stripe % 2])
    canvas.rect(40, 326, 1164, 338, WARM_DEEP)
    canvas.shade([(60, 338), (1140, 338), (1140, 392), (110, 392)], strength=0.4)
    canvas.rect(60, 180, 1140, 220, LIME_TURNED)
    for x in (690, 930):
        pot(canvas, x, 700, 80)
        bush(canvas, x, 622, 54, LEAF)
    canvas.shade([(60, 704), (1200, 704), (1200, 740), (140, 740)], strength=0.22)
    return canvas


def ruin(look: Look) -> Canvas:
    """Walls without a roof, the stones bare where the lime has gone, a fig growing inside."""
    canvas = Canvas(SKY, look)
    canvas.area([(0, 430), (0, 250), (260, 180), (560, 300), (880, 190), (1200, 290), (1200, 430)], FAR)
    canvas.area([(0, 430), (0, 400), (400, 350), (800, 410), (1200, 370), (1200, 800), (0, 800)], LEAF_LIGHT)
    for x, y, size in ((720, 270, 120), (600, 310, 90), (820, 310, 84)):
        canvas.disc(x, y, size, LEAF_DEEP)
        canvas.disc(x - 14, y - 16, size * 0.76, LEAF)
    wall = [(220, 660), (220, 300), (290, 290), (330, 350), (430, 340), (470, 250), (560, 240), (590, 400), (760, 420),
            (800, 360), (930, 350), (980, 660)]  # fmt: skip
    canvas.area(wall, LIME_TURNED)
    canvas.area([(930, 350), (1060, 420), (1060, 640), (980, 660)], LIME_SHADE)
    for x, y, wide, high in ((240, 600, 120, 40), (520, 560, 150, 60), (860, 380, 90, 50), (250, 320, 60, 60),
                             (700, 600, 110, 44), (480, 262, 70, 50)):  # fmt: skip
        canvas.area(
            [(x, y + 6), (x + wide * 0.7, y), (x + wide, y + high * 0.6), (x + wide * 0.3, y + high)], STONE_DEEP
        )
        canvas.area([(x + 10, y + 10), (x + wide * 0.6, y + 6), (x + wide * 0.5, y + high * 0.5)], STONE)
    canvas.rect(380, 440, 480, 660, SHADOW)
    canvas.rect(366, 424, 494, 444, WOOD_DEEP)
    canvas.rect(640, 470, 730, 560, SHADOW)
    canvas.rect(628, 456, 742, 474, WOOD)
    canvas.line([(590, 404), (900, 300)], 16, WOOD_DEEP)
    canvas.shade([(220, 660), (980, 660), (1120, 700), (340, 700)], strength=0.3)
    for x, y, size in ((300, 680, 44), (360, 700, 30), (800, 690, 50), (1010, 680, 38)):
        canvas.area(
            [(x - size, y), (x - size * 0.4, y - size * 0.7), (x + size * 0.5, y - size * 0.6), (x + size, y)], STONE
        )
        canvas.area([(x, y), (x + size * 0.5, y - size * 0.6), (x + size, y)], STONE_DEEP)
    for x, y, size in ((110, 720, 130), (1120, 740, 150), (600, 740, 80)):
        agave(canvas, x, y, size, 11)
    return canvas


def garage(look: Look) -> Canvas:
    """An underground car park: pillars, a small car, the empty space beside it."""
    canvas, view = Canvas(LIME_TURNED, look), View(620, 300)
    canvas.area(view.floor(900, -700, 1900, 0, 2.2), STONE)
    canvas.area([(0, 800), (0, 640), *view.floor(900, -700, 1900, 0, 2.2)[:1]], STONE)
    back = view.face(-700, -220, 1900, 900, 2.2)
    canvas.area(back, LIME)
    canvas.area([back[0], back[1], (1200, 0), (0, 0)], LIME_SHADE)
    canvas.area([back[3], back[2], (1200, 800), (0, 800)], STONE)
    canvas.area(view.face(-700, 600, 1900, 900, 2.19), PAINT)
    canvas.area(view.face(-700, 580, 1900, 620, 2.18), WARM)
    for x in (-260, 420, 1100):
        canvas.area(view.floor(900, x, x + 30, 0.1, 2.15), LIME)
    for x in (-320, 1060):
        for deep in (1.5, 0.3):
            canvas.area(view.face(x, -600, x + 120, 900, deep), LIME_TURNED)
            canvas.area(view.side(x + 120 if x < 620 else x, -600, 900, deep, deep + 0.3), LIME_SHADE)
            canvas.area(view.face(x, 560, x + 120, 760, deep), WARM)
            canvas.area(view.face(x, 620, x + 120, 690, deep), INK)
    for x in (-80, 640):
        canvas.area(view.floor(-260, x, x + 340, 0.5, 1.5), LIME)
    x, y = 720, 560
    canvas.shade(ellipse(x + 10, y + 92, 210, 26), strength=0.4)
    canvas.area([(x - 190, y + 70), (x - 190, y - 20), (x - 130, y - 44), (x - 96, y - 124), (x + 96, y - 124),
                 (x + 130, y - 44), (x + 190, y - 20), (x + 190, y + 70)], CUSHION)  # fmt: skip
    canvas.area([(x - 108, y - 44), (x - 80, y - 108), (x + 80, y - 108), (x + 108, y - 44)], SHADOW)
    canvas.area([(x - 108, y - 44), (x - 80, y - 108), (x - 20, y - 108), (x - 60, y - 44)], SKY)
    for at in (-160, 104):
        canvas.rect(x + at, y - 4, x + at + 56, y + 20, LIME)
        canvas.rect(x + at - 4, y + 66, x + at + 56, y + 100, INK)
    canvas.rect(x - 60, y + 30, x + 60, y + 52, LIME)
    canvas.rect(x - 190, y + 62, x + 190, y + 74, INK)
    return canvas
