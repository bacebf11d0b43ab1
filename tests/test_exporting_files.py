"""A file of an export says the same cells in every format, whatever strangers wrote into them."""

import csv
import hashlib
import io
import json
import tempfile
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.exporting import encoding
from portal.exporting.encoding import CsvFile, JsonLinesFile, Workbook
from portal.exporting.manifest import RowTree
from portal.exporting.presets import OPTIMA, preset
from portal.ledger import tree
from tests import workbooks

ASKED = ["marketing_portal"]
STANDARD = preset("standard", ASKED)
COLUMNS = STANDARD.columns
AT = "2026-11-23T13:12:07.000000Z"
HOSTILE = [
    '=cmd|"/c calc"!A0', "+1+1", "@SUM(A1)", "\tx", "-2", 'he said "no", twice', "a\nb", "a\r\nb",
    "🏡 👩‍👩‍👧", "مرحبا ‏=1",
    "<r>x</r>", "<r><t>injected</t></r>", "_x0041_", " spaces ", "a\u2028b\x85c", "https://example.org", "007",
    "1e5", "TRUE", "{=1}", ",;", "'quoted", "\ufffe\x0b",
]  # fmt: skip
PHONES = ["+34952000142", "+447911123456", "+1234567"]
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))


def row(**cells):
    standing = dict.fromkeys(COLUMNS, "x") | dict.fromkeys(STANDARD.times, AT) | dict.fromkeys(STANDARD.flags, False)
    return tuple((standing | {"form_version": 7} | cells)[name] for name in COLUMNS)


def written(make, batch, made=STANDARD):
    output = io.BytesIO()
    with closing(make(output, made)) as file:
        hashed = file.add(made.rows(batch))
    return output.getvalue(), hashed


def workbook(output, made, sheet_rows=encoding.SHEET_ROWS):
    return Workbook(output, made, {"agency": "costa-norte"}, tempfile.gettempdir(), sheet_rows)


def csv_cells(content, delimiter=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))[1:]


@given(words=TEXTS, phone=st.sampled_from(PHONES))
def test_a_cell_of_csv_comes_back_equal_or_visibly_guarded_and_a_phone_always_equal(words, phone):
    content, _ = written(CsvFile, [row(words=words, phone=phone)])
    ((*cells,),) = csv_cells(content)
    back = dict(zip(COLUMNS, cells, strict=True))
    assert back["phone"] == phone
    assert back["words"] in (words, f"'{words}")
    assert not back["words"].startswith(("=", "+", "-", "@", "\t", "\r")) or encoding.E164.fullmatch(words)


@given(words=TEXTS)
def test_a_line_of_json_is_one_line_for_every_reader_and_says_the_same(words):
    content, hashed = written(JsonLinesFile, [row(words=words)])
    (line,) = content.decode().splitlines()
    assert json.loads(line)["words"] == words
    assert b"".join(hashed) == content


@pytest.mark.parametrize("words", [*HOSTILE, *PHONES])
def test_a_cell_of_a_workbook_comes_back_equal_and_is_never_a_formula(words):
    content, _ = written(workbook, [row(words=words)])
    (_, cells) = workbooks.read(io.BytesIO(content))["Leads"]
    assert dict(zip(COLUMNS, cells, strict=True))["words"] == words


def test_the_cells_of_a_workbook_have_types():
    (heading, cells) = workbooks.read(io.BytesIO(written(workbook, [row(professional=True, company=None)])[0]))["Leads"]
    assert heading == list(COLUMNS)
    back = dict(zip(COLUMNS, cells, strict=True))
    assert abs(back["received_at"] - datetime(2026, 11, 23, 13, 12, 7)) < timedelta(milliseconds=1)  # noqa: DTZ001
    assert (back["professional"], back["property_withdrawn"], back["form_version"]) == (True, False, 7)
    assert back["company"] is None


def test_a_workbook_goes_on_in_the_next_sheet_and_ends_with_its_dictionary():
    make = lambda output, made: workbook(output, made, sheet_rows=3)  # noqa: E731
    read = workbooks.read(io.BytesIO(written(make, [row(words=str(number)) for number in range(5)])[0]))
    assert list(read) == ["Leads", "Leads 2", "Leads 3", "Dictionary"]
    assert [len(sheet) for sheet in read.values()] == [3, 3, 2, len(COLUMNS) + 2]
    assert read["Leads 3"][0] == list(COLUMNS)
    assert read["Dictionary"][0] == ["recorder", COLUMNS["recorder"]]
    assert read["Dictionary"][-1] == ["agency", "costa-norte"]


def test_a_text_longer_than_a_cell_is_refused_and_never_cut():
    with pytest.raises(encoding.CellTooLong):
        written(workbook, [row(words="x" * 32_768)])


@pytest.mark.parametrize("name", ["excel-es", "excel-de"])
def test_excel_where_the_comma_stands_in_numbers_gets_semicolons_and_times_it_knows(name):
    content, _ = written(CsvFile, [row(words="a;b")], preset(name, ASKED))
    assert content.startswith(b"\xef\xbb\xbfrecorder;reference;")
    (cells,) = csv_cells(content, ";")
    back = dict(zip(COLUMNS, cells, strict=True))
    assert (back["received_at"], back["words"]) == ("2026-11-23 13:12:07", "a;b")


def test_optima_crm_gets_its_own_names():
    lead = row(
        name="Jane van der Smith", phone="", phone_raw="07911 123456", choice_marketing_portal="withdrawn",
        intent="viewing", timing="", funding="own_money", company="",
    )  # fmt: skip
    record = json.loads(written(JsonLinesFile, [lead], preset("optima-crm", ASKED))[0])
    assert list(record) == ["schema_version", *OPTIMA]
    assert (record["forename"], record["surname"], record["phone"]) == ("Jane", "van der Smith", "07911 123456")
    assert (record["newsletter"], record["comments"]) == (False, f"{AT} · viewing · own_money")


@pytest.mark.parametrize("make", [CsvFile, JsonLinesFile])
def test_the_rows_that_are_hashed_are_the_lines_of_the_file(make):
    content, hashed = written(make, [row(words="a\nb"), row(words="c")])
    assert content.endswith(b"".join(hashed)) and len(hashed) == 2


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1023, 1024, 1025, 2048, 2049, 5000])
def test_the_root_over_rows_is_that_of_the_whole_tree(count):
    rows, made = [str(number).encode() for number in range(count)], RowTree()
    for start in range(0, count, 700):
        made.add(rows[start : start + 700])
    assert made.root() == tree.root(hashlib.sha256(b"\0" + each).digest() for each in rows)
