"""What goes wrong at a start, in words for the person who started it."""


class LaunchError(Exception):
    """A start cannot go on. The text is one line: what is wrong and, where there is one, the way out."""


class DataDirInUseError(LaunchError):
    """Another process holds the data folder."""


def fault_in(told: str, what: str) -> LaunchError:
    """The error for a process of the product that ended with `told`: its own clear line, else all it said."""
    lines = told.strip().splitlines()
    if lines and lines[-1].startswith("snug: "):
        return LaunchError(lines[-1].removeprefix("snug: "))
    return LaunchError("\n".join([f"{what}:", *lines[-15:]]))
