"""Content codings: what a browser wants is what it gets, and it can read it."""

import gzip

import brotli
import pytest
import zstandard

from portal.web import encodings

READ = {"br": brotli.decompress, "zstd": zstandard.decompress, "gzip": gzip.decompress, "identity": bytes}


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("gzip, deflate, br, zstd", "br"), ("gzip, zstd", "zstd"), ("gzip, deflate", "gzip"), ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"), ("br;q=0.5, gzip;q=0.8", "gzip"), ("br; q=0.8 , zstd;q=0.8", "br"), ("*", "br"),
        ("*;q=0", "identity"), ("br;q=0, *", "zstd"), ("identity", "identity"), ("identity;q=0", "identity"),
        ("identity, gzip;q=0.5", "identity"), ("identity;q=0.5, gzip", "gzip"), ("deflate", "identity"),
        ("br;q=0, zstd;q=0, gzip;q=0", "identity"), ("br;q=none", "identity"), ("br;level=9", "br"), ("", "identity"),
        (",;=,", "identity"), ("br;q=nan", "identity"), ("br;q=-1", "identity"), ("x-gzip", "identity"),
    ],
)  # fmt: skip
def test_the_coding_liked_best_is_chosen(accepted, given):
    assert encodings.chosen(accepted.encode("latin-1")) == given


@pytest.mark.parametrize("coding", encodings.CODINGS)
def test_what_is_encoded_can_be_read(coding):
    body = b"Villa en torno a un patio cerrado. " * 200
    encoded = encodings.CODINGS[coding](body)
    assert READ[coding](encoded) == body
    assert coding == "identity" or len(encoded) < len(body) / 10
    assert encodings.CODINGS[coding](body) == encoded, "the same bytes in every process: the ETag says so"


def test_fonts_and_photos_are_left_as_they_are():
    assert encodings.is_text("text/html; charset=utf-8") and encodings.is_text("image/svg+xml")
    assert not encodings.is_text("font/woff2") and not encodings.is_text("image/webp")
