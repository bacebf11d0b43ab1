"""What is known of an enquiry that may tell an honest one from spam: values only, for the screening to weigh.

Networks and addresses stand here while one post is weighed; of them nothing is stored but counters under a key of the
day.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sending:
    """How a form was sent: the address it came from, what stands in the field people do not see, the headers.

    `headers` are as received, names in lower case, only those that say something of the sender's program.
    """

    address: str = field(default="", repr=False)
    trap: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Earlier:
    """How many posts came before this one: in this clock hour, or on this day, each in UTC."""

    network_hour: int = 0
    address_day: int = 0
    property_hour: int = 0
    agency_hour: int = 0
    same_words_day: int = 0


@dataclass(frozen=True)
class Signals:
    """Everything the screening may look at. `locale` is the page's; the texts are normalised as the form does it."""

    name: str
    email: str
    company: str
    phone: str
    words: str
    locale: str
    answer_locale: str
    professional: bool
    trap: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    earlier: Earlier = Earlier()
