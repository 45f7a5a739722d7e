"""What anyone may put where we expect something: values that JSON can hold, and some that it cannot."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same examples on every run: what a test finds today it found yesterday.
BOUNDED = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.differing_executors,
    ],
)

ODD_TEXTS = [
    "",
    " \t\n",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udc00\ud800",
    "\ufeff",
    "\ufffd\uffff",
    "\u202ekcab",
    "\u200b\u200d\u2060",
    "e" + "\u0301" * 60,
    "👩‍👩‍👧‍👦",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "१२३",
    "__proto__",
    "constructor",
    "general",
    "staff:boss",
    "null",
    "-1",
    "%00",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "{0.__class__}%s%n${x}",
    "x" * 33,
    "x" * 65,
    "x" * 129,
    "x" * 10_001,
    "00000000-0000-0000-0000-000000000007",
    "0000000000000000000000000000000000-7",
    "{00000000000000000000000000000007}--",
    "१0000000-0000-0000-0000-000000000007",
]
# Lone surrogates included: json.dumps escapes them, and so they travel.
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(st.characters(codec=None), max_size=40)
NUMBERS = (
    st.integers(-3, 120)
    | st.floats()
    | st.sampled_from(
        [2**31, 2**53, 2**53 + 1, 2**62, 2**62 + 1, 2**63, -(2**63), 2**64, 10**400, 1.0, 1e308]
    )
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
