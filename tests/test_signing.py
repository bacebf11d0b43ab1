"""Tokens are worth something for their purpose only, and fingerprints say nothing without the key."""

import pytest

from portal.signing import Signer, TokenRefused

SIGNER = Signer("k" * 40)


def test_a_token_gives_back_its_payload_and_is_the_same_each_time():
    token = SIGNER.sign("status", ["a", 1])
    assert SIGNER.read("status", token) == ["a", 1]
    assert SIGNER.sign("status", ["a", 1]) == token


@pytest.mark.parametrize("token", ["", "x", "W10.bad", "é", "a.b.c", "\0"])
def test_what_we_did_not_sign_is_refused(token):
    with pytest.raises(TokenRefused):
        SIGNER.read("status", token)


def test_a_token_of_one_purpose_opens_nothing_of_another():
    with pytest.raises(TokenRefused):
        SIGNER.read("contact", SIGNER.sign("status", "n"))


def test_a_token_of_another_installation_opens_nothing():
    with pytest.raises(TokenRefused):
        SIGNER.read("status", Signer("o" * 40).sign("status", "n"))


def test_an_old_timed_token_says_that_its_time_is_over():
    token = SIGNER.sign_timed("invitation", 7)
    assert SIGNER.read_timed("invitation", token, max_age=60) == 7
    with pytest.raises(TokenRefused) as refused:
        SIGNER.read_timed("invitation", token, max_age=-1)
    assert refused.value.expired


def test_a_fingerprint_depends_on_every_part_and_where_it_ends():
    assert SIGNER.fingerprint("p", "ab", "c") != SIGNER.fingerprint("p", "a", "bc")
    assert SIGNER.fingerprint("p", "ab") != SIGNER.fingerprint("q", "ab")
    assert SIGNER.fingerprint("p", "ab") != Signer("o" * 40).fingerprint("p", "ab")


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 characters"):
        Signer("short")
