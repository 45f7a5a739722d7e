"""From an organisation's name to an address it could have."""

import re
import unicodedata

from tenants import slugs

MOST_TRIES = 20


def one_line(text: str) -> str:
    """`text` without control and formatting characters, its runs of space made single."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) != "Cf").split())


def shaped(text: str) -> str:
    """The nearest thing to `text` that has a slug's shape; empty where nothing is near."""
    latin = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("æ", "ae"))
    plain = latin.encode("ascii", "ignore").decode().lower().replace("'", "")
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    slug = re.sub(r"^[^a-z]+", "", slug)[:36].rstrip("-")
    return slug if len(slug) >= 3 else ""


def suggest(organisation: str) -> str:
    """A free slug close to the name, or an empty string where none comes to mind."""
    base = shaped(organisation)
    if not base:
        return ""
    for candidate in [base, *(f"{base}-{number}" for number in range(2, MOST_TRIES))]:
        try:
            slugs.check(candidate)
        except slugs.SlugRefused:
            continue
        return candidate
    return ""
