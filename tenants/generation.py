"""What was asked before a cache was emptied must not be put into it afterwards.

The answer may be from before the change that emptied it, and would live on for as long as entries do.
"""


class Generation:
    """Which emptying of a cache this is. Take `now` before asking, and keep the answer only if it is still the same."""

    def __init__(self) -> None:
        self.now = 0

    def end(self) -> None:
        """The cache is emptied, or a part of it."""
        self.now += 1
