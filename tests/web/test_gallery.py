"""All photos and plans of a home on a page of their own, without script."""

import pytest
from sqlmodel import Session

from portal import addresses
from portal.catalogue import versions
from portal.catalogue.photos import Media
from portal.catalogue.properties import PropertyPhoto
from tests.cast import NOW
from tests.web.conftest import statements
from tests.web.reading import get


@pytest.fixture
def pictured(villa, database) -> str:
    """The villa with three photos, one of them upright, and a floor plan."""

    def add(session: Session) -> None:
        for position, media in enumerate(character * 64 for character in "abcd"):
            height = 1800 if position == 1 else 800
            session.add(Media(hash=media, state="ready", width=1200, height=height, colour="p-07", given_at=NOW))
            session.add(
                PropertyPhoto(
                    property_id=1, position=position, kind="floorplan" if position == 3 else "photo", media=media,
                    source_url="https://agency.example/1.jpg", caption="Garden" if position == 0 else None,
                )
            )  # fmt: skip
        versions.raise_version(session)

    database.write(add)
    return villa


def test_every_photo_has_its_caption_its_anchor_and_the_way_to_the_next(client, pictured):
    page = get(client, f"{pictured}/photos")
    assert page.status == 200
    assert [figure.get("id") for figure in page.marked("shot")] == ["photo-1", "photo-2", "photo-3", "plan-1"]
    assert [caption.text_content().split("\n")[0].strip() for caption in page.tree.xpath(".//figcaption/span[1]")] == [
        "Garden Photo 1 of 3", "Photo 2 of 3", "Photo 3 of 3", "Plan 1 of 1",
    ]  # fmt: skip
    steps = page.tree.xpath(".//*[@class='shot-steps']/a/@href")
    assert steps == ["#photo-2", "#photo-1", "#photo-3", "#photo-2"]
    assert page.links("media-bar")["Back to the home"] == pictured


def test_an_upright_photo_stands_whole_on_its_own_colour(client, pictured):
    second = get(client, f"{pictured}/photos").marked("shot")[1]
    assert "p-07" in second.find("a").get("class")
    assert second.xpath(".//img/@class") == ["tall"]


def test_the_home_leads_to_each_photo_of_the_gallery(client, pictured):
    page = get(client, pictured)
    assert page.tree.xpath(".//ul[contains(@class, 'mosaic')]//a/@href") == [
        f"{pictured}/photos#photo-{number}" for number in (1, 2, 3)
    ]
    assert page.links("media-bar")["All 3 photos"] == f"{pictured}/photos"


def test_an_old_slug_leads_on_for_now_only_because_a_home_may_be_called_so_again(client, villa):
    public_id = villa.split("/")[-1].partition("-")[0]
    for address in (addresses.property_page, addresses.enquire, addresses.gallery):
        answer = client.get(address("en", public_id, "old"))
        assert (answer.status_code, answer.headers["cache-control"]) == (301, "public, max-age=0, must-revalidate")


def test_an_old_slug_leads_to_the_gallery_and_other_languages_have_their_own(client, pictured):
    public_id = pictured.split("/")[-1].partition("-")[0]
    answer = client.get(addresses.gallery("en", public_id, "old"))
    assert (answer.status_code, answer.headers["location"]) == (301, f"{pictured}/photos")
    assert get(client, f"{pictured}/photos").tree.xpath(".//link[@hreflang='es']/@href")[0].endswith("/photos")


def test_a_home_without_photos_says_so_and_one_that_is_gone_has_no_gallery(client, villa, change):
    assert "No photo from the agency yet" in get(client, f"{villa}/photos").text
    change(state="withdrawn", withdrawn_at=NOW)
    assert client.get(f"{villa}/photos").status_code == 410


def test_the_gallery_takes_two_statements(client, pictured):
    with statements() as seen:
        client.get(f"{pictured}/photos")
    assert len([statement for statement in seen if "site_version" not in statement]) <= 2, seen
