"""The loads: how many clients sit in how many rooms, and how much is said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """`rate` is messages a second over all rooms together; `seconds` the measured time, after a warm-up.

    `length` is characters a message. With `outstanding`, nobody keeps to a rate: each client has so many messages under
    way at any time. Only ours has `workers`, web processes over which each room's clients spread, and
    `tenants`, over which the rooms spread; and its PostgreSQL's fsync can be made to take `fsync_ms` longer.
    """

    rooms: int
    connections: int
    rate: float
    seconds: float
    length: int = 100
    outstanding: int = 0
    workers: int = 1
    tenants: int = 1
    fsync_ms: float = 0

    @property
    def readers(self) -> int:
        """Connections that should get each message."""
        return self.connections // self.rooms

    @property
    def room_names(self) -> list[str]:
        return [room_name(number) for number in range(self.rooms)]

    @property
    def clients(self) -> list[tuple[int, str]]:
        """(number, room) of each client; the rooms fill evenly."""
        return [(number, room_name(number % self.rooms)) for number in range(self.connections)]

    def worker_of(self, number: int) -> int:
        """Which web process a client comes in at: in turns within its room, so that what one says reaches all."""
        return number // self.rooms % self.workers

    def tenant_of(self, room: str) -> int:
        return room_number(room) % self.tenants

    def __str__(self) -> str:
        each = "" if self.rooms == 1 else " a room"
        words = [
            f"{self.rooms:,} room{'s' * (self.rooms != 1)} x {self.readers:,} connections",
            f"{self.outstanding} messages of each under way"
            if self.outstanding
            else f"{self.rate / self.rooms:g} messages/s{each}",
            f"{self.seconds:g} s",
        ]
        words += [f"{self.length:,} characters a message"] if self.length != 100 else []
        words += [f"{self.tenants:,} tenants"] if self.tenants > 1 else []
        words += [f"ours with {self.workers} web processes"] if self.workers > 1 else []
        words += [f"an fsync takes {self.fsync_ms:g} ms longer"] if self.fsync_ms else []
        return ", ".join(words)


def room_name(number: int) -> str:
    return f"bench{number}"


def room_number(name: str) -> int:
    return int(name.removeprefix("bench"))
