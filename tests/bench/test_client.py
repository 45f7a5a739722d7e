"""The load generator's client reads frames however the network cuts them."""

import pytest

from bench.client import Door, Socket
from bench.tally import Tally

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def text_frame(payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([0x81, len(payload)]) + payload
    if len(payload) < 65_536:
        return b"\x81\x7e" + len(payload).to_bytes(2) + payload
    return b"\x81\x7f" + len(payload).to_bytes(8) + payload


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 126, 100_000])
async def test_frames_of_every_length_survive_every_cut(piece: int) -> None:
    payloads = [b"", b"a", b"b" * 125, b"c" * 126, b"d" * 4_000, b"e" * 66_000, b"f"]
    stream = ACCEPTED + b"".join(map(text_frame, payloads))
    heard: list[bytes] = []
    socket = Socket(lambda _, frame: heard.append(frame), Door("/", "localhost"))
    step = piece if piece > 3 else piece * 97  # byte by byte over the headers, then in strides
    head = len(ACCEPTED) + 300
    for at in range(0, head, piece):
        socket.data_received(stream[at : min(at + piece, head)])
    for at in range(head, len(stream), step):
        socket.data_received(stream[at : at + step])
    assert heard == payloads


async def test_a_refused_handshake_says_why() -> None:
    socket = Socket(lambda _, frame: None, Door("/", "localhost"))
    socket.data_received(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    with pytest.raises(Exception, match="401 Unauthorized"):
        await socket.entered


async def test_a_tally_counts_a_message_once_and_knows_its_own() -> None:
    others: list[bytes] = []
    socket = Socket(lambda _, frame: None, Door("/", "localhost"))
    tally = Tally([socket], lambda _, frame: others.append(frame))
    message = f'{{"message":"{tally.text()}"}}'.encode()
    tally.heard(socket, message)
    tally.heard(socket, message)
    tally.heard(socket, b'{"type":"ping"}')
    assert (tally.sent, tally.delivered, tally.twice) == (1, 1, 1)
    assert others == [b'{"type":"ping"}']
    assert tally.latencies == [tally.last[0]]
    assert tally.latencies[0] > 0
