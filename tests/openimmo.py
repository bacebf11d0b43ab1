"""A reader of `openimmo_feedback` 1.2.5 of our own, strict about order, number and values, made from the element table
that OpenEstate-IO's bindings of the schema show: it shares nothing with what writes the files.
"""

from lxml import etree

# Each element's children in order: `!` exactly one, `?` at most one, `+` one or more, `*` any number.
TABLE = {
    "openimmo_feedback": "version! sender? objekt* fehlerliste* status*",
    "sender": "name! openimmo_anid? datum! makler_id! regi_id?",
    "objekt": "portal_unique_id? portal_obj_id? anbieter_id? oobj_id? zusatz_refnr? expose_url? vermarktungsart* "
              "bezeichnung? etage? whg_nr? strasse? ort? land? stadtbezirk? preis? gebot? wae? anzahl_zimmer? flaeche? "
              "interessent+ user_defined_extend*",
    "interessent": "int_id? anrede? vorname? nachname? firma? strasse? postfach? plz? ort? tel? fax? mobil? email? "
                   "bevorzugt* wunsch* anfrage? user_defined_extend*",
    "user_defined_extend": "feld*",
    "feld": "name! wert! typ* modus*",
    "fehlerliste": "fehler*", "fehler": "objekt_id? fehlernr? text?", "status": "statusnr? text?",
}  # fmt: skip
VALUES = {
    "bevorzugt": {"EMAIL", "TEL", "MOBIL", "FAX", "BRIEF"},
    "wunsch": {"BESICHTIGUNG", "ANRUF", "DETAIL"},
    "version": {"1.2.5"},
}
AT_LEAST = {"!": 1, "+": 1, "?": 0, "*": 0}


class NotOfTheSchema(Exception):
    """The file is not what the schema says."""


def read(raw: bytes) -> dict[str, list[str]]:
    """Every text of the file by its path, such as `objekt/interessent/email`; a `feld` by its name. Raises."""
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    if root.tag != "openimmo_feedback" or root.nsmap:
        raise NotOfTheSchema(f"the root is {root.tag}")
    found: dict[str, list[str]] = {}
    _read(root, "", found)
    return found


def _read(element: etree._Element, path: str, found: dict[str, list[str]]) -> None:
    if element.attrib or (element.tail or "").strip():
        raise NotOfTheSchema(f"{path} has attributes, or text beside it")
    if element.tag not in TABLE:
        _leaf(element, path, found)
        return
    if element.text and element.text.strip():
        raise NotOfTheSchema(f"{path} has text of its own")
    _check_order([str(child.tag) for child in element], TABLE[str(element.tag)], path)
    if element.tag == "feld":
        name, value = (child.text or "" for child in list(element)[:2])
        found.setdefault(f"{path}:{name}", []).append(value)
        return
    for child in element:
        _read(child, f"{path}/{child.tag}".lstrip("/"), found)


def _leaf(element: etree._Element, path: str, found: dict[str, list[str]]) -> None:
    text = element.text or ""
    if len(element) or not text.strip():
        raise NotOfTheSchema(f"{path} is empty, or no leaf")
    if text not in VALUES.get(str(element.tag), {text}):
        raise NotOfTheSchema(f"{path} is {text}")
    found.setdefault(path, []).append(text)


def _check_order(given: list[str], table: str, path: str) -> None:
    rest = list(given)
    for entry in table.split():
        name, number = entry[:-1], entry[-1]
        times = 0
        while rest and rest[0] == name:
            rest.pop(0)
            times += 1
        if times < AT_LEAST[number] or (times > 1 and number in "!?"):
            raise NotOfTheSchema(f"{path}/{name} stands {times} times")
    if rest:
        raise NotOfTheSchema(f"{path}/{rest[0]} is unknown, or not in its place")
