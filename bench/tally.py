"""What was sent and what came, of one measurement."""

import secrets
import time
from collections.abc import Iterable

from bench.client import Heard, Socket


class Tally:
    """Counts the messages that carry its mark; all other frames go to `otherwise`. Latencies are milliseconds.

    The time of sending travels in the message, and senders and readers are one process: one clock.
    """

    def __init__(self, sockets: Iterable[Socket], otherwise: Heard, length: int = 100) -> None:
        self._length = length
        self.mark = secrets.token_hex(4)
        self.sent = 0
        self.delivered = 0
        self.twice = 0
        self.latencies: list[float] = []  # one a delivery
        self.last: list[float] = []  # until the last reader so far, one a message
        self.late: list[float] = []  # how much later than planned a message was sent
        self._otherwise = otherwise
        self._seen: dict[Socket, set[int]] = {}
        self._needle = f"@{self.mark}.".encode()
        for socket in sockets:
            self._seen[socket] = set()
            socket.heard = self.heard

    def text(self) -> str:
        """The next message: its number and the time, padded to the length of an ordinary one."""
        number, self.sent = self.sent, self.sent + 1
        self.last.append(0.0)
        return f"@{self.mark}.{number}.{time.perf_counter_ns()}@".ljust(self._length, "x")

    def heard(self, socket: Socket, frame: bytes) -> None:
        arrived = time.perf_counter_ns()
        start = frame.find(self._needle)
        if start < 0:
            self._otherwise(socket, frame)
            return
        start += len(self._needle)
        number_text, _, sent_text = frame[start : frame.index(b"@", start)].partition(b".")
        number = int(number_text)
        if number in self._seen[socket]:
            self.twice += 1
            return
        self._seen[socket].add(number)
        self.delivered += 1
        latency = (arrived - int(sent_text)) / 1e6
        self.latencies.append(latency)
        self.last[number] = max(self.last[number], latency)
