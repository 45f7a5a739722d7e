"""The loads: how many clients sit in how many rooms, and how much is said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """`rate` is messages a second over all rooms together; `seconds` the measured time, after a warm-up."""

    rooms: int
    connections: int
    rate: float
    seconds: float

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

    def __str__(self) -> str:
        each = "" if self.rooms == 1 else " a room"
        return (
            f"{self.rooms} room{'s' * (self.rooms != 1)} x {self.readers} connections, "
            f"{self.rate / self.rooms:g} messages/s{each}, {self.seconds:g} s"
        )


def room_name(number: int) -> str:
    return f"bench{number}"
