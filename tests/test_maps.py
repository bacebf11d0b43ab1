"""The drawn map: where a home roughly is, never exactly, and nothing that a browser would have to fetch."""

import re
from itertools import pairwise
from math import hypot
from random import Random

import pytest
from lxml import etree

from portal.catalogue import maps
from portal.catalogue.coast import NAMES, RIVERS, SHORE, metres
from portal.catalogue.lettering import Box, placed
from portal.catalogue.maps import map_svg

NUEVA_ANDALUCIA = (36.4972, -4.9563)
VILLAGES = [(name.latitude, name.longitude) for name in NAMES if maps.WEST < name.longitude < maps.EAST]
SHAPES = [(dark, narrow) for dark in (False, True) for narrow in (False, True)]


def drawn(latitude: float, longitude: float, dark: bool = False, narrow: bool = False) -> str:
    svg = map_svg("k7q2mxdn4p", latitude, longitude, dark, narrow)
    assert svg is not None
    return svg


def texts(svg: str) -> list[str]:
    return [str(each.text) for each in etree.fromstring(svg).iter("{*}text")]


@pytest.mark.parametrize(("dark", "narrow"), SHAPES)
def test_a_picture_is_plain_svg_without_style_script_or_anything_from_outside(dark, narrow):
    svg = drawn(*NUEVA_ANDALUCIA, dark, narrow)
    tags = {etree.QName(each).localname for each in etree.fromstring(svg).iter()}
    assert tags == {"svg", "clipPath", "pattern", "path", "g", "circle", "text"}
    assert not re.search(r"style|href|script|\bon\w+=|@import|data:", svg)
    assert set(re.findall(r"url\(([^)]*)\)", svg)) == {"#land", "#blocks"}
    assert set(re.findall(r"https?://[^\"]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert f'viewBox="0 0 {480 if narrow else 960} 480"' in svg
    assert len(svg) < 20_000


def test_it_names_what_is_near_and_says_how_far_a_kilometre_is():
    assert texts(drawn(*NUEVA_ANDALUCIA)) == ["San Pedro de Alcántara", "Nueva Andalucía", "Puerto Banús", "1 km"]


def test_light_and_dark_differ_in_colours_alone():
    def plain(svg: str) -> str:
        return re.sub(r'"#[0-9a-f]{6}"|fill-opacity="[.\d]+"', "", svg)

    light, dark = (drawn(*NUEVA_ANDALUCIA, dark) for dark in (False, True))
    assert light != dark and plain(light) == plain(dark)


@pytest.mark.parametrize(("dark", "narrow"), SHAPES)
def test_every_village_of_the_coast_has_a_picture(dark, narrow):
    for place in VILLAGES:
        assert map_svg("k7q2mxdn4p", *place, dark, narrow) is not None


def test_the_centre_is_within_200_metres_and_the_home_well_inside_the_circle():
    random = Random(7)
    for number in range(2000):
        spot = random.uniform(-60_000, 60_000), random.uniform(-20_000, 20_000)
        centre = maps._blurred(f"home{number}", spot)
        assert hypot(centre[0] - spot[0], centre[1] - spot[1]) <= 200 < maps.CIRCLE


def test_homes_of_one_cell_have_the_same_picture_so_that_nobody_can_reckon_back():
    here = metres(*NUEVA_ANDALUCIA)
    east, north = (round(value / maps.GRID) * maps.GRID for value in here)
    cell = [(east + x, north + y) for x in (-99, 0, 99) for y in (-99, 0, 99)]
    assert len({maps._blurred("k7q2mxdn4p", spot) for spot in cell}) == 1


def test_a_picture_is_always_the_same_and_homes_of_one_spot_differ():
    assert drawn(*NUEVA_ANDALUCIA) == drawn(*NUEVA_ANDALUCIA)
    assert len({map_svg(f"home{number}", *NUEVA_ANDALUCIA, dark=False) for number in range(20)}) == 20


@pytest.mark.parametrize(
    ("place", "latitude", "longitude"),
    [
        ("Madrid", 40.4168, -3.7038), ("Alicante", 38.3452, -0.4810), ("Ronda", 36.7423, -5.1671),
        ("Sevilla", 37.3891, -5.9845), ("at sea", 36.4000, -4.7000), ("nowhere", 0.0, 0.0),
        ("swapped", -4.9563, 36.4972), ("the pole", 90.0, -4.5), ("Gibraltar", 36.1400, -5.3500),
    ],
)  # fmt: skip
def test_off_our_coast_there_is_no_picture(place, latitude, longitude):
    assert map_svg("k7q2mxdn4p", latitude, longitude, dark=False) is None


def test_a_home_on_the_beach_has_a_picture_though_our_shore_is_drawn_roughly():
    for (north, west), (other_north, other_west) in pairwise(SHORE):
        middle = (north + other_north) / 2 - 0.002, (west + other_west) / 2
        if maps.WEST < middle[1] < maps.EAST:
            assert map_svg("k7q2mxdn4p", *middle, dark=False) is not None


def test_the_shore_runs_east_without_turning_back_and_every_name_and_river_is_on_land():
    assert all(east[1] > west[1] for west, east in pairwise(SHORE))
    for latitude, longitude in [*VILLAGES, *(point for river in RIVERS for point in river[1:])]:
        (y0, x0), (y1, x1) = next(pair for pair in pairwise(SHORE) if pair[1][1] >= longitude)
        assert latitude > y0 + (y1 - y0) * (longitude - x0) / (x1 - x0)


def test_names_keep_clear_of_each_other_and_of_the_edge():
    frame, taken = Box(0, 0, 300, 200), [Box(140, 80, 300, 110)]
    label = placed("Casares", 18, (130, 95), 5, frame, taken)
    assert label is not None and label.anchor == "end" and frame.holds(label.box)
    assert placed("Rincón de la Victoria, all of it", 18, (150, 95), 5, frame, []) is None
    assert placed("Casares", 18, (130, 95), 5, frame, [frame]) is None
