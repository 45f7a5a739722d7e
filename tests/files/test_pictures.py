"""Pictures that are too much, told without taking them apart."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from files import pictures
from files.structure import BadPicture
from files.structure.limits import MOST_FRAMES, MOST_SCANS

_FRAME = (
    b"\x21\xf9\x04\x00\x07\x00\x00\x00\x2c" + bytes(4) + b"\x01\x00\x01\x00\x00" + b"\x02\x02\x44\x01\x00"
)


def gif(frames: int) -> io.BytesIO:
    """A moving picture of one pixel."""
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(3) + b"\xff\xff\xff"
    return io.BytesIO(head + _FRAME * frames + b"\x3b")


def test_as_many_frames_as_are_allowed_are_taken() -> None:
    made = pictures.made_anew(gif(MOST_FRAMES), "image/gif")
    assert (made.width, made.height) == (1, 1)


def test_frames_beyond_that_are_refused_and_none_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL.GifImagePlugin import GifImageFile

    seen: list[int] = []
    seek = GifImageFile._seek

    def watched(self: GifImageFile, frame: int, update_image: bool = True) -> None:
        seen.append(frame)
        seek(self, frame, update_image)

    monkeypatch.setattr(GifImageFile, "_seek", watched)
    with pytest.raises(BadPicture, match="too long"):
        pictures.made_anew(gif(20_000), "image/gif")
    assert seen == []


@pytest.mark.parametrize("format_", ["PNG", "GIF", "WEBP"])
def test_of_what_takes_long_to_make_anew_fewer_pixels_are_taken(format_: str) -> None:
    image, out = Image.new("L", (4001, 4000)), {name: io.BytesIO() for name in (format_, "JPEG")}
    for name, file in out.items():
        image.save(file, name)
    with pytest.raises(BadPicture, match=r"16,004,000 pixels; .* at most 16,000,000"):
        pictures.made_anew(out[format_], f"image/{format_.lower()}")
    assert pictures.made_anew(out["JPEG"], "image/jpeg").width == 4001


def jpeg(scans: int) -> io.BytesIO:
    """One that comes in ever sharper, so many times."""
    out = io.BytesIO()
    Image.new("L", (80, 60), 7).save(out, "JPEG", progressive=True, comment=b"\xff\xda" * MOST_SCANS)
    content = out.getvalue()
    last = content.rindex(b"\xff\xda")
    few = content.count(b"\xff\xda") - MOST_SCANS
    return io.BytesIO(content[:-2] + content[last:-2] * (scans - few) + content[-2:])


def test_a_jpeg_that_is_gone_through_too_often_is_refused() -> None:
    assert pictures.made_anew(jpeg(MOST_SCANS), "image/jpeg").width == 80
    with pytest.raises(BadPicture, match="too many layers"):
        pictures.made_anew(jpeg(MOST_SCANS + 1), "image/jpeg")
