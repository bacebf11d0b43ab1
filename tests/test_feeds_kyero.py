"""Kyero as it is written in the wild: each defect met in real feeds, and bodies that must be refused whole."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.feeds import kyero, reading
from portal.feeds.listings import FeedUnreadable, Listing, Parsed
from tests import feeds

DIALECT = Path(__file__).parent / "feeds" / "dialect.xml"


def read(body: bytes) -> Parsed:
    return kyero.read(io.BytesIO(body))


def one(**tags: str | None) -> tuple[Listing, set[str]]:
    """The only listing of a feed whose property has these tags, and the fields it was warned about."""
    parsed = read(feeds.feed(feeds.home(**tags)))
    assert not parsed.rejected, parsed.rejected
    return parsed.listings[0], {warning.field for warning in parsed.warnings}


def rejection(body: bytes) -> tuple[str, str, str]:
    (finding,) = read(body).rejected
    return finding.field, finding.value, finding.reason


def images(*addresses: str) -> str:
    return "".join(f"<image><url>{address}</url></image>" for address in addresses)


FIRST = "https://agency.example/1.jpg"

# Tags of one property · what the listing must then say · the fields warned about.
DEFECTS: list[tuple[dict[str, str | None], dict[str, Any], set[str]]] = [
    # numbers as text
    ({"surface_area": "<built>50 + 75 terrace</built><plot>---</plot>"}, {"built_m2": None, "plot_m2": None},
     {"surface_area/built", "surface_area/plot"}),
    ({"surface_area": "<built>0</built><plot/>"}, {"built_m2": None, "plot_m2": None}, set()),
    ({"surface_area": "<built>64,5</built><plot>120 m²</plot>"}, {"built_m2": Decimal("64.5"), "plot_m2": 120}, set()),
    ({"beds": "many", "baths": "-1"}, {"bedrooms": None, "bathrooms": None}, {"beds", "baths"}),
    ({"beds": "99999999999", "baths": "2.0"}, {"bedrooms": None, "bathrooms": 2}, {"beds"}),
    ({"beds": "0", "type": "Studio"}, {"bedrooms": 0, "kind": "studio"}, set()),
    ({"beds": "0"}, {"bedrooms": None}, set()),
    # prices
    ({"price": "x"}, {"price_minor": None}, set()),
    ({"price": "249.500 €"}, {"price_minor": 24_950_000}, set()),
    ({"price": "1250,50"}, {"price_minor": 125_050}, set()),
    ({"price": "Consultar"}, {"price_minor": None}, {"price"}),
    ({"price": "9" * 30}, {"price_minor": None}, {"price"}),
    ({"currency": None}, {"currency": "EUR"}, set()),
    ({"currency": "£"}, {"currency": "GBP"}, set()),
    ({"currency": "DOGE"}, {"currency": "EUR", "price_minor": None}, {"currency"}),
    # price frequencies
    ({"price_freq": "month"}, {"offer": "rent_long", "price_period": "month"}, set()),
    ({"price_freq": "rentlong"}, {"offer": "rent_long", "price_period": "month"}, set()),
    ({"price_freq": "week"}, {"offer": "rent_short", "price_period": "week"}, set()),
    ({"price_freq": "rentshort"}, {"offer": "rent_short", "price_period": "week"}, set()),
    ({"price_freq": "new_build"}, {"offer": "sale", "price_period": None, "new_build": True}, set()),
    ({"price_freq": " Alquiler "}, {"offer": "rent_long"}, set()),
    # dates
    ({"date": "2026-07-01 10:00:00"}, {"source_modified_at": datetime(2026, 7, 1, 8, tzinfo=UTC)}, set()),
    ({"date": "2026-07-01T10:00:00Z"}, {"source_modified_at": datetime(2026, 7, 1, 10, tzinfo=UTC)}, set()),
    ({"date": "2026-12-01"}, {"source_modified_at": datetime(2026, 11, 30, 23, tzinfo=UTC)}, set()),
    ({"date": "01/12/2026 01:30:00 PM"}, {"source_modified_at": datetime(2026, 12, 1, 12, 30, tzinfo=UTC)}, set()),
    ({"date": "0000-00-00 00:00:00"}, {"source_modified_at": None}, {"date"}),
    ({"date": "yesterday"}, {"source_modified_at": None}, {"date"}),
    # types
    ({"type": "Middle Floor Apartment"}, {"kind": "apartment"}, set()),
    ({"type": "Finca - Cortijo"}, {"kind": "country_house"}, set()),
    ({"type": "<![CDATA[  casa  ]]>"}, {"kind": "villa", "source_type": "casa"}, set()),
    ({"type": "Grundstück"}, {"kind": "land"}, set()),
    ({"type": "Rijtjeshuis"}, {"kind": "town_house"}, set()),
    ({"type": "Lägenhet"}, {"kind": "apartment"}, set()),
    ({"type": "Ático dúplex"}, {"kind": "penthouse"}, set()),
    ({"type": "<es>casa</es><en>apartment</en>"}, {"kind": "apartment"}, set()),
    ({"type": "Yurt"}, {"kind": "other", "source_type": "Yurt"}, {"type"}),
    ({"type": ""}, {"kind": "other"}, {"type"}),
    # pools
    ({"pool": "0"}, {"pool": "unknown"}, set()),
    ({"pool": None}, {"pool": "unknown"}, set()),
    ({"pool": "Nee"}, {"pool": "no"}, set()),
    ({"pool": "Privé"}, {"pool": "private"}, set()),
    ({"pool": "Communal"}, {"pool": "communal"}, set()),
    ({"pool": "Sí"}, {"pool": "yes"}, set()),
    ({"pool": "dolphins"}, {"pool": "unknown"}, {"pool"}),
    # energy
    ({"energy_rating": "<consumption>X</consumption>"}, {"energy_state": "unknown"}, set()),
    ({"energy_rating": "<consumption>Processing</consumption>"}, {"energy_state": "in_process"}, set()),
    ({"energy_rating": "<consumption>In aanvraag</consumption>"}, {"energy_state": "in_process"}, set()),
    ({"energy_rating": "<consumption>TA</consumption>"}, {"energy_state": "in_process"}, set()),
    ({"energy_rating": "<consumption>exento</consumption>"}, {"energy_state": "exempt"}, set()),
    ({"energy_rating": "<consumption>d</consumption><consumption_value>15.765</consumption_value>"},
     {"energy_state": "rated", "energy_consumption": "D", "energy_consumption_kwh": Decimal("15.76")}, set()),
    ({"energy_rating": "<emissions>Q</emissions>"}, {"energy_state": "unknown"}, {"energy_rating/emissions"}),
    # coordinates
    ({"location": None}, {"point": None}, set()),
    ({"location": "<latitude> 36.5</latitude><longitude>-4,9 </longitude>"}, {"point": (36.5, -4.9)}, set()),
    ({"location": "<latitude>0</latitude><longitude>0</longitude>"}, {"point": None}, {"location"}),
    ({"location": "<latitude>25.77</latitude><longitude>-80.19</longitude>"}, {"point": None}, {"location"}),
    ({"location": "<latitude>36.5</latitude>"}, {"point": None}, {"location"}),
    ({"location": "<latitude>nan</latitude><longitude>inf</longitude>"}, {"point": None}, {"location"}),
    # places
    ({"country": "España"}, {"country": "ES"}, set()),
    ({"country": "Italia", "location": None}, {"country": "IT"}, set()),
    ({"country": None}, {"country": "ES"}, set()),
    ({"country": "Atlantis"}, {"country": "ES"}, {"country"}),
    ({"province": ""}, {"province": ""}, {"province"}),
    ({"province": "Málaga (Province)"}, {"province": "Málaga"}, set()),
    ({"cp": " 29 680 "}, {"postal_code": "29 680"}, set()),
    ({"catastral": "1234567AB1234C0001DE"}, {"cadastral_reference": "1234567AB1234C0001DE"}, set()),
    # addresses
    ({"images": images("https://a.example/living room.jpg")},
     {"photo_urls": ["https://a.example/living%20room.jpg"]}, set()),
    ({"images": images("https://a.example/caf%C3%A9 ñ.jpg?v=1&amp;w=2")},
     {"photo_urls": ["https://a.example/caf%C3%A9%20%C3%B1.jpg?v=1&w=2"]}, set()),
    ({"images": images(FIRST, "https://b.example/2.jpg", FIRST)},
     {"photo_urls": [FIRST, "https://b.example/2.jpg"]}, set()),
    ({"images": images("ftp://a.example/1.jpg", "javascript:alert(1)", "x", FIRST)},
     {"photo_urls": [FIRST]}, {"images"}),
    ({"images": images(*(f"https://a.example/{n}.jpg" for n in range(130)))},
     {"photo_urls": [f"https://a.example/{n}.jpg" for n in range(50)]}, {"images"}),
    ({"images": images("http://me:secret@a.example/1.jpg")}, {"photo_urls": []}, {"images"}),
    ({"url": "X"}, {"extra": {}}, {"url"}),
    ({"url": ""}, {"extra": {}}, set()),
    ({"url": "<en>https://a.example/x?a=1</en>"}, {"extra": {"url/en": "https://a.example/x?a=1"}}, set()),
    ({"virtual_tour_url": "file:///etc/passwd"}, {"tour_url": None}, {"virtual_tour_url"}),
    # texts
    ({"desc": "<de>GrundstÃ¼ck â‚¬ 5</de>"}, {"described": {"de": "Grundstück € 5"}}, {"desc"}),
    ({"desc": "<pt>SÃO e ação</pt>"}, {"described": {"pt": "SÃO e ação"}}, set()),
    ({"town": "MÃ¡laga"}, {"town": "Málaga"}, {"town"}),
    ({"desc": "<en>One.~~Two.&#13;\nThree.</en>"}, {"described": {"en": "One.\n\nTwo.\nThree."}}, set()),
    ({"desc": "<en>&lt;p class='x'&gt;One&lt;/p&gt;&lt;p&gt;Two&amp;amp;three&amp;#13;&lt;/p&gt;</en>"},
     {"described": {"en": "One\n\nTwo&three"}}, set()),
    ({"desc": "<en><p>One<br/>two</p><script>alert(1)</script></en>"}, {"described": {"en": "One\ntwo"}}, set()),
    ({"desc": "<en>Call +34 600 123 456</en>"}, {"described": {"en": "Call +34 600 123 456"}}, {"desc"}),
    ({"desc": "<gb>A</gb><cat>B</cat><se>C</se><uk>D</uk>"},
     {"described": {"en": "A", "ca": "B", "sv": "C", "uk": "D"}}, set()),
    ({"desc": "Casa"}, {"described": {"es": "Casa"}}, {"desc"}),
    ({"desc": None, "features": None}, {"described": {}}, {"desc"}),
    # tags nobody knows, and private ones
    ({"alarm": "<zone>yes</zone>"}, {"extra": {"alarm": "yes"}}, set()),
    ({"notes": "private", "email": "a@b.example", "contact_number": "600", "commission": "<value>3</value>"},
     {"extra": {}}, set()),
    ({"status": "Sold"}, {"market_status": "sold"}, set()),
    ({"ref": "R" * 300}, {"reference": "R" * 255}, {"ref"}),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "expected", "warned"), DEFECTS, ids=[str(tags)[:60] for tags, _, _ in DEFECTS])
def test_a_defect_costs_a_value_and_never_the_property(tags, expected, warned):
    listing, fields = one(**tags)
    shown = {
        **vars(listing), "point": listing.point, "photo_urls": [photo.source_url for photo in listing.photos],
        "described": {text.locale: text.description for text in listing.texts},
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert fields == warned


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"id": ""}, ("id", "", "missing")),
        ({"id": "9" * 51}, ("id", "9" * 51, "longer than 50 characters")),
        ({"ref": None}, ("ref", "", "missing")),
        ({"price_freq": ""}, ("price_freq", "", "missing")),
        ({"price_freq": "barter"}, ("price_freq", "barter", "neither a sale nor a rent we know")),
        ({"town": " "}, ("town", "", "missing")),
    ],
)
def test_a_property_is_rejected_only_for_what_nothing_can_stand_in_for(tags, expected):
    assert rejection(feeds.feed(feeds.home(**tags))) == expected


def test_a_second_property_of_the_same_id_is_rejected_and_the_first_stays():
    parsed = read(feeds.feed(feeds.home("1"), feeds.home("1", price="5")))
    assert [listing.price_minor for listing in parsed.listings] == [34_950_000]
    assert [finding.source_id for finding in parsed.rejected] == ["1"]


def test_no_finding_shows_the_credentials_of_an_address():
    (warning,) = read(feeds.feed(feeds.home(images=images("http://me:secret@a.example/1.jpg")))).warnings
    assert warning.value == "http://…@a.example/1.jpg"


def test_references_need_not_be_unique():
    assert len(read(feeds.feed(feeds.home("1", ref="SAME"), feeds.home("2", ref="SAME"))).listings) == 2


def test_a_point_shared_by_many_is_no_place():
    parsed = read(feeds.feed(*(feeds.home(str(n)) for n in range(11))))
    assert {listing.point for listing in parsed.listings} == {None}
    assert len([warning for warning in parsed.warnings if warning.field == "location"]) == 11
    assert read(feeds.feed(*(feeds.home(str(n)) for n in range(5)))).listings[0].point is not None


def test_one_rating_for_every_property_is_told():
    parsed = read(feeds.feed(*feeds.homes(20)))
    assert [(each.field, each.value) for each in parsed.warnings] == [("energy_rating", "D/E")]


def test_a_whole_dialect_is_read_and_its_private_parts_are_not():
    parsed = read(DIALECT.read_bytes())
    (listing,) = parsed.listings
    assert (listing.source_id, listing.reference, listing.new_build) == ("A*318", "SOL-318", True)
    assert (listing.kind, listing.price_minor, listing.country) == ("apartment", 24_950_000, "ES")
    assert (listing.point, listing.postal_code, listing.year_built) == ((36.4256, -5.1456), "29680", 1984)
    assert (listing.pool, listing.energy_state, listing.terrace_m2) == ("communal", "in_process", Decimal("7.5"))
    assert {text.locale: (text.title, text.description) for text in listing.texts} == {
        "en": ("A flat near the harbour", "A flat near the harbour.\n\nTwo terraces & a store"),
        "sv": (None, "En lägenhet.\n\nTvå terrasser."),
        "es": (None, "Piso cerca del puerto, llame al 600 123 456."),
        "nl": (None, "Een appartement.\n\nTwee terrassen."),
        "ca": (None, "Garbí i mar"),
    }
    assert listing.features == ("Lift", "Sea views")
    assert [(photo.source_url, photo.kind) for photo in listing.photos] == [
        ("https://agency.example/fotos//sal%C3%B3n%201.jpg", "photo"),
        ("https://agency.example/plano.png?v=17", "floorplan"),
    ]
    assert "person@example.com" not in repr(parsed) and "would take less" not in repr(parsed)
    assert "600123456" not in repr(listing)
    assert parsed.unknown_tags == {
        "alarm_code": 1, "surface_area/useful": 1, "energy_rating/efficiency_grade": 1,
    }  # fmt: skip
    assert (listing.community_fee_minor, listing.community_fee_months) == (12_000, None)


@pytest.mark.parametrize(
    ("tags", "costs"),
    [
        ({"community_fees": "120"}, (12_000, None, None, None)),
        ({"community_fees": "€ 1,440 per year"}, (144_000, 12, None, None)),
        ({"community_fees": "95,50 €/mes", "real_estate_tax": "640", "rubbish": "15 € al mes"},
         (9_550, 1, 64_000, 18_000)),
        ({"community_fees": "360 trimestral", "real_estate_tax": "320 semestral"}, (36_000, 3, 64_000, None)),
        ({"community_fees": "0", "real_estate_tax": "", "rubbish": "0"}, (None, None, None, None)),
    ],
)  # fmt: skip
def test_running_costs_are_read_with_the_period_they_are_for(tags, costs):
    parsed = read(feeds.feed(feeds.home(**tags)))
    (home,) = parsed.listings
    assert (home.community_fee_minor, home.community_fee_months, home.ibi_minor, home.rubbish_minor) == costs
    assert not parsed.warnings and not home.extra


@pytest.mark.parametrize("text", ["ask us", "120 a fortnight", "included"])
def test_a_running_cost_nobody_can_read_is_told_and_left_out(text):
    parsed = read(feeds.feed(feeds.home(community_fees=text)))
    assert parsed.listings[0].community_fee_minor is None
    assert [(each.field, each.value) for each in parsed.warnings] == [("community_fees", text)]


def encoded(encoding: str, declared: str | None = None, text: str = "Una peña de 5 €") -> bytes:
    body = feeds.feed(feeds.home(desc=f"<es>{text}</es>")).decode()
    return body.replace("UTF-8", declared or encoding).encode(encoding)


@pytest.mark.parametrize(
    ("body", "degraded"),
    [
        (encoded("utf-8"), False),
        (b"\xef\xbb\xbf" + encoded("utf-8"), False),
        (b"\n\n  " + encoded("utf-8"), False),
        (encoded("utf-16"), False),
        (encoded("utf-8", declared="utf-16"), False),
        (encoded("utf-8", declared="klingon"), False),
        (encoded("cp1252", declared="ISO-8859-1"), False),
        (encoded("cp1252", declared="UTF-8"), True),
        (encoded("utf-8").replace("Málaga".encode(), b"M\xe1laga"), True),  # one text of another encoding
        (encoded("utf-8", text="Una peña\0 de\x0b 5 €\x1f"), False),
    ],
    ids=["utf-8", "mark", "blank lines", "utf-16", "not utf-16", "no encoding", "latin-1", "cp1252", "both", "control"],
)
def test_a_text_arrives_whatever_state_its_bytes_are_in(body, degraded):
    parsed = read(body)
    assert (parsed.listings[0].texts[0].description, parsed.degraded) == ("Una peña de 5 €", degraded)


@pytest.mark.parametrize("root", ["root", "kyero", "resalesonline", 'root xmlns="urn:x"'])
@pytest.mark.parametrize("header", [feeds.HEADER, "", "<feed_version>3</feed_version>", "<agent><id>1</id></agent>"])
def test_any_root_will_do(root, header):
    assert len(read(feeds.feed(feeds.home("1"), feeds.home("2"), root=root, header=header)).listings) == 2


def test_an_empty_feed_reads_as_empty():
    assert read(feeds.feed()) == Parsed(received=0, listings=(), rejected=())


BOMB = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not well-formed"),
        (b"Fatal error: Allowed memory size exhausted", "not well-formed XML at line 1, column 1"),
        (feeds.feed(feeds.home())[:-9], "not well-formed XML at line 2"),
        (feeds.feed(feeds.home("1"), feeds.home("2"))[:900], "not well-formed XML at line 2"),
        (feeds.feed(feeds.home(desc="<en>Sun & sea</en>")), "not well-formed XML at line 2"),
        (feeds.feed(feeds.home(desc="<en>\n\nSun&nbsp;sea</en>")), "line 4, column 10: Entity 'nbsp' not defined"),
        (feeds.feed(feeds.home(desc="<en>&#xFFFF;</en>")), "not well-formed XML at line 2"),
        (feeds.feed(feeds.home()) + b"Warning: slow query", "not well-formed"),
        (feeds.feed("<a>" * 300 + "</a>" * 300), "Excessive depth"),
        (b"<!DOCTYPE root>" + feeds.feed(feeds.home()).partition(b"\n")[2], "has a DOCTYPE"),
        (b"<!DOCTYPE root SYSTEM 'file:///etc/passwd'><root/>", "has a DOCTYPE"),
        ("<!DOCTYPE root><root><property/></root>".encode("utf-16"), "has a DOCTYPE"),
        (f"<!DOCTYPE root [<!ENTITY a0 'x'>{BOMB}]><root><property>&a9;</property></root>".encode(), "entity|DOCTYPE"),
        (b"<html><body>Maintenance</body></html>", "no Kyero feed"),
        (feeds.feed(header="<kyero><feed_version>2_1</feed_version></kyero>"), "export version 3"),
        (encoded("utf-16")[:-1], "not utf-16"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_trusted_is_refused_whole(body, told):
    with pytest.raises(FeedUnreadable, match=told):
        read(body)


def test_a_body_has_limits(monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 1000)
    monkeypatch.setattr(kyero, "MOST_PROPERTIES", 2)
    with pytest.raises(FeedUnreadable, match="more than 2 properties"):
        read(feeds.feed(*feeds.homes(3)))
    monkeypatch.setattr(reading, "MOST_BYTES_PER_ELEMENT", 5_000)
    with pytest.raises(FeedUnreadable, match="without the end of a property"):
        read(feeds.feed(feeds.home("1"), "<junk>x</junk>" * 1000))
    monkeypatch.setattr(reading, "MOST_BYTES", 1_000)
    with pytest.raises(FeedUnreadable, match="larger than"):
        read(feeds.feed(*feeds.homes(2)))


TAGS = [*feeds.FIELDS, "url", "title", "features", "video_url", "catastral", "cp", "antiguedad", "state", "odd"]
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["<b>", "</b>", "&amp;", "]]>", "<en>", "</en>", "Ã¼", "\0", "9" * 40, "-1", "1e9", "~~", "http://["]
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(TAGS), st.lists(HOSTILE, max_size=4).map("".join), max_size=8))
def test_hostile_markup_is_read_or_refused_and_never_raises_anything_else(tags):
    try:
        parsed = read(feeds.feed(feeds.home(**{"id": "1", **tags})))
    except FeedUnreadable:
        return
    assert parsed.received == len(parsed.listings) + len(parsed.rejected)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(TAGS), st.text(max_size=300), max_size=8))
def test_hostile_values_fit_what_is_stored(tags):
    values = {name: f"<![CDATA[{text.replace(']]>', '')}]]>" for name, text in tags.items()}
    for listing in read(feeds.feed(feeds.home(**{"id": "1", **values}))).listings:
        assert len(listing.source_id) <= 50 and len(listing.reference) <= 255 and len(listing.town) <= 80
        assert all(len(text.locale) <= 5 and "\0" not in text.description for text in listing.texts)
        assert len(listing.source_type) <= 120 and len(listing.postal_code or "") <= 12


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_refused_by_name(noise):
    for body in (noise, feeds.feed(feeds.home())[:200] + noise):
        with pytest.raises(FeedUnreadable):
            read(body)
