"""What goes to the relay: addresses that say nothing more, each line as it is, and nothing that ends it early."""

import asyncio

import pytest
from aiosmtplib.email import quote_address
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings
from hypothesis import given
from hypothesis import strategies as st

from portal.mail.smtp import PLAIN, Envelope, NotHandedOver, RelayLine, on_the_wire, path
from tests.smtp import PostOffice, Scripted

ENVELOPE = Envelope("bounces@portal.example", "agent@agency.example")
ODD = [
    "a b@c.example", '"a b"@c.example', "a@b.example> SIZE=1", "<a@b.example>", "José <j@b.example>",
    "jösé@exämple.example", "a@[127.0.0.1]",
]  # fmt: skip
LINES = st.lists(st.binary(max_size=6) | st.sampled_from([b".", b"..", b". ", b"", b"\r", b"\n", b"a\r"]))


def hand_over(relay: str, *raws: bytes) -> None:
    async def work() -> None:
        line = RelayLine(relay, "portal.example", data_seconds=30, command_seconds=30)
        try:
            for raw in raws:
                await line.address(ENVELOPE)
                await line.hand_over(raw)
        finally:
            await line.close()

    asyncio.run(work())


@given(LINES)
def test_the_text_is_what_the_library_makes_of_it_or_left_to_the_library(lines):
    raw = b"".join(line + b"\r\n" for line in lines)
    normal = normalize_message_line_endings(raw)
    sent = on_the_wire(raw)
    if normal != raw:
        assert sent is None
    else:
        assert sent == PERIOD_REGEX.sub(b"..", normal) + b".\r\n"


@given(st.from_regex(PLAIN, fullmatch=True) | st.text(max_size=12) | st.sampled_from(ODD))
def test_an_address_is_what_the_library_makes_of_it(address):
    try:
        expected = quote_address(address)
    except ValueError:
        with pytest.raises(ValueError):
            path(address)
    else:
        assert path(address) == expected


def test_lines_with_dots_arrive_as_they_are_and_bare_line_ends_smuggle_nothing():
    dotted = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nend\r\n"
    bare = b"Subject: bare\r\n\r\nx\n.\nMAIL FROM:<y@z.example>\r\n.\rend"
    with PostOffice() as post:
        hand_over(post.relay, dotted, bare, dotted)
        assert post.raws == [dotted, bare.replace(b"\n.\n", b"\r\n.\r\n").replace(b".\rend", b".\r\nend\r\n"), dotted]
        assert post.connections == 1


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 not now", "554 5.7.1 never"])
def test_a_relay_that_will_have_no_text_is_sent_none(answer):
    with Scripted({"DATA": answer}) as server:
        with pytest.raises(NotHandedOver) as ended:
            hand_over(server.relay, b"Subject: x\r\n\r\ny\r\n")
        assert ended.value.tried.code == int(answer[:3]) and server.raws == []
