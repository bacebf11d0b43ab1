"""Reading a page as a visitor's browser would: its text, its links, its form."""

import re
from typing import Any

import lxml.html
from starlette.testclient import TestClient


class Page:
    """One answer, parsed. Elements are named by their class."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.tree = lxml.html.fromstring(response.text)
        self.text = plain(self.tree.find(".//main"))
        self.title = self.tree.findtext(".//title")

    def marked(self, name: str) -> list[Any]:
        """The elements of this class."""
        return self.tree.xpath(f".//*[contains(concat(' ', @class, ' '), ' {name} ')]")

    def texts(self, name: str) -> list[str]:
        """The texts of the elements of this class."""
        return [plain(element) for element in self.marked(name)]

    def links(self, name: str) -> dict[str, str]:
        """The links on or inside the elements of this class: text and address."""
        found = [link for element in self.marked(name) for link in element.xpath("descendant-or-self::a")]
        return {plain(link): link.get("href") for link in found}

    def form(self) -> dict[str, str]:
        """What the enquiry form would send as it stands."""
        (form,) = self.marked("enquiry")
        return dict(form.form_values())

    def errors(self) -> dict[str, str]:
        """The error summary: field and sentence."""
        return {address[1:]: text for text, address in self.links("summary-error").items()}


def plain(element: Any) -> str:
    """The text of an element, its parts apart and its white space folded."""
    return re.sub(r"\s+", " ", " ".join(element.itertext())).strip()


def get(client: TestClient, address: str, **options: Any) -> Page:
    """One page."""
    return Page(client.get(address, **options))
