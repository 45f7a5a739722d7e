"""What was made for Slack, as plain text: its attachments, its blocks and its escapes.

Only what stands at known places is looked at, however deep the rest is. See
https://api.slack.com/reference/surfaces/formatting and https://api.slack.com/reference/block-kit/blocks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_MARKED: Final = re.compile(r"<([^<>]+)>")
_ESCAPED: Final = re.compile(r"&(amp|lt|gt);")
_MEANT: Final = {"amp": "&", "lt": "<", "gt": ">"}
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]")
_EVERYONE: Final = frozenset(["channel", "here", "everyone"])


def text_in(text: object, blocks: object, attachments: object) -> str:
    """`text`, or where it is missing or empty what blocks and attachments say, a line each; "" where nothing does.

    Raises ValueError with a sentence for what is of another shape than Slack takes.
    """
    said = _string(text, "text")
    if not said.strip():
        lines = [*_of_blocks(blocks, "blocks"), *_of_attachments(attachments)]
        said = "\n".join(line for line in lines if line.strip())
    return plain(said)


def plain(text: str) -> str:
    """Without Slack's escapes: a link as "label (address)", a mention as @name."""
    return _ESCAPED.sub(lambda found: _MEANT[found[1]], _MARKED.sub(_unmarked, text))


def _unmarked(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    if target[0] in "@#" and len(target) > 1:
        return target[0] + (label or target[1:]).lstrip(target[0])
    if target[0] == "!" and len(target) > 1:
        name = target[1:].partition("^")[0]
        return f"@{name}" if name in _EVERYONE else label or f"@{name}"
    if not _LINK.match(target):
        return found[0]  # somebody's own, not escaped
    return f"{label} ({target})" if label not in ("", target, target.removeprefix("mailto:")) else target


def _of_blocks(blocks: object, where: str) -> Iterator[str]:
    for block in _objects(blocks, where):
        kind = block.get("type")
        if kind in ("section", "header"):
            yield _text_object(block.get("text"), f"{where}.text")
            for field in _objects(block.get("fields"), f"{where}.fields"):
                yield _text_object(field, f"{where}.fields")
        elif kind == "context":
            for element in _objects(block.get("elements"), f"{where}.elements"):
                if element.get("type") in ("mrkdwn", "plain_text"):  # the others are pictures
                    yield _text_object(element, f"{where}.elements")


def _of_attachments(attachments: object) -> Iterator[str]:
    for each in _objects(attachments, "attachments"):
        lines = [_string(each.get(name), f"attachments.{name}") for name in ("pretext", "title", "text")]
        lines += _of_blocks(each.get("blocks"), "attachments.blocks")
        yield from (
            lines if any(map(str.strip, lines)) else [_string(each.get("fallback"), "attachments.fallback")]
        )


def _text_object(said: object, where: str) -> str:
    if said is None:
        return ""
    if not isinstance(said, Mapping):
        raise ValueError(f"{where} must be an object with a text.")
    return _string(said.get("text"), f"{where}.text")


def _objects(said: object, where: str) -> list[Mapping[str, Any]]:
    if said is None:
        return []
    if not isinstance(said, list) or not all(isinstance(each, Mapping) for each in said):
        raise ValueError(f"{where} must be a list of objects.")
    return said


def _string(said: object, where: str) -> str:
    if said is None:
        return ""
    if not isinstance(said, str):
        raise ValueError(f"{where} must be a string.")
    return said
