"""Where the guide's tables are: away from ours, in the same database."""

from typing import Final

SCHEMA: Final = "bench_guide"
