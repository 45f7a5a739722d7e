"""Ids as the outside world names them: a mark and a number."""


def number_in(mark: str, public_id: str) -> int | None:
    """The key of the row with this public id; None where it can be none's."""
    digits = public_id.removeprefix(mark)
    sound = public_id.startswith(mark) and digits.isascii() and digits.isdigit() and len(digits) <= 18
    return int(digits) if sound else None
