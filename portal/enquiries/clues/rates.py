"""Rates: how many posts came before this one. Many may share a network, a home or two words; few share a letter."""

from portal.enquiries.reading import Clue, Reading

# So short a text may be many people's own: “Still available?”
SHORT = 40
Steps = tuple[tuple[int, int], ...]  # from so many earlier posts on: so many points
NETWORK: Steps = ((100, 40), (30, 20), (15, 8))
ADDRESS: Steps = ((20, 55), (14, 15))
WORDS: Steps = ((30, 40), (20, 30), (8, 8))
HOME: Steps = ((60, 16), (30, 8))
AGENCY: Steps = ((200, 16), (100, 8))


def _stepped(count: int, steps: Steps) -> int:
    return next((points for start, points in steps if count >= start), 0)


def _same_words(reading: Reading) -> int:
    if len(reading.words) < SHORT:
        return 0
    earlier = reading.signals.earlier
    strangers = earlier.same_words_day - earlier.address_day
    return _stepped(earlier.same_words_day, WORDS) + (20 if strangers >= 10 else 0)


CLUES = (
    Clue(
        "many_from_network", "Many enquiries came from the same network this hour.",
        lambda reading: _stepped(reading.signals.earlier.network_hour, NETWORK),
    ),
    Clue(
        "many_from_address", "Many enquiries came under the same address today; it may be somebody else's.",
        lambda reading: _stepped(reading.signals.earlier.address_day, ADDRESS),
    ),
    Clue("same_words", "The same words came many times today, more so under other addresses.", _same_words),
    Clue(
        "many_about_home", "Unusually many enquiries came about this home this hour.",
        lambda reading: _stepped(reading.signals.earlier.property_hour, HOME),
    ),
    Clue(
        "many_to_agency", "Unusually many enquiries came to this agency this hour.",
        lambda reading: _stepped(reading.signals.earlier.agency_hour, AGENCY),
    ),
)  # fmt: skip
