"""What goes wrong at a start, in words for the person who started it."""


class LaunchError(Exception):
    """A start cannot go on. The text is one line: what is wrong and, where there is one, the way out."""


class DataDirInUseError(LaunchError):
    """Another process holds the data folder."""
