"""What a picture's file says of itself is known, and cut away, before a decoder sees it."""

from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import pytest
from PIL import Image, ImageOps

from files import pictures, structure
from files.structure import BadPicture
from files.structure.limits import MOST_BLOCKS, MOST_CHUNKS, MOST_SEGMENTS

_NO_TIME = 0.8  # of a core: what such files cost a decoder begins at 2


def encoded(format_: str, image: Image.Image | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    (image or Image.new("RGB", (8, 6), "#204060")).save(out, format_, **options)
    return out.getvalue()


def moving(format_: str, frames: int, side: int = 16, **options: Any) -> bytes:
    images = [Image.new("RGB", (side, side), (255 * (n % 2), 9 * n % 256, 0)) for n in range(frames)]
    return encoded(format_, images[0], save_all=True, append_images=images[1:], **options)


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*added: bytes, behind: bytes = b"") -> bytes:
    """One with these chunks before its pixels, and those behind."""
    whole = encoded("PNG")
    pixels, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    return whole[:pixels] + b"".join(added) + whole[pixels:end] + behind + whole[end:]


def gif(added: bytes) -> bytes:
    whole = encoded("GIF", Image.new("L", (8, 6)))
    return whole[:-1] + added + b"\x3b"


def jpeg(added: bytes) -> bytes:
    whole = encoded("JPEG")
    return whole[:2] + added + whole[2:]


def webp(added: bytes) -> bytes:
    body = encoded("WEBP", exif=b"Exif\0\0II*\0")[8:] + added
    return b"RIFF" + struct.pack("<I", len(body)) + body


def made(content: bytes, format_: str) -> Image.Image:
    anew = pictures.made_anew(io.BytesIO(content), f"image/{format_.lower()}")
    return Image.open(anew.file)


def colour(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    found = image.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return found


def refusal(content: bytes, format_: str) -> str:
    """Why it is refused, which takes no time."""
    begun = time.thread_time()
    with pytest.raises(BadPicture) as refused:
        made(content, format_)
    assert time.thread_time() - begun < _NO_TIME
    return str(refused.value)


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_no_frame_of_a_moving_picture_that_is_too_long_is_decoded(
    format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, often = moving(format_, 25, 1000), moving(format_, 501)
    assert len(structure.bare(moving(format_, 24, 1000), format_).pauses) == 24
    monkeypatch.setattr(Image, "open", None)
    assert "too long" in refusal(wide, format_)
    assert "too long" in refusal(often, format_)


def test_frames_beyond_the_picture_count_as_it_would_be_with_them() -> None:
    def beyond(place: int) -> bytes:
        return gif(b"\x2c" + struct.pack("<HHHHB", place, place, 500, 500, 0) + b"\x02\x02\x44\x01\x00")

    assert structure.bare(beyond(2_900), "GIF").width == 3_400
    assert "too long" in refusal(beyond(3_000), "GIF")
    assert "of a GIF at most 16,000,000" in refusal(beyond(0xFFFF), "GIF")


def test_a_moving_png_is_refused_wherever_it_says_so() -> None:
    moves, text = chunk(b"acTL", struct.pack(">II", 600, 0)), chunk(b"tEXt", b"Comment\0" + b"x" * 9_000)
    assert "as PNG they are not" in refusal(png(text, moves), "PNG")
    assert made(png(text, behind=moves), "PNG").size == (8, 6)


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        pytest.param(gif(b"\x21\xfe" + b"\x01a" * MOST_BLOCKS + b"\0"), "GIF", id="gif-short-blocks"),
        pytest.param(gif(b"\x21\xfe\0" * MOST_BLOCKS), "GIF", id="gif-empty-extensions"),
        pytest.param(gif(bytes(MOST_BLOCKS)), "GIF", id="gif-nothing"),
        pytest.param(png(chunk(b"abCd") * MOST_CHUNKS), "PNG", id="png-chunks"),
        pytest.param(png(behind=chunk(b"IDAT") * MOST_CHUNKS), "PNG", id="png-empty-pixels"),
        pytest.param(webp(b"abcd\0\0\0\0" * MOST_CHUNKS), "WEBP", id="webp-chunks"),
        pytest.param(jpeg(b"\xff\xe1\0\x08Exif\0\0" * MOST_SEGMENTS), "JPEG", id="jpeg-segments"),
        pytest.param(jpeg(b"\xff\xd8" * MOST_SEGMENTS), "JPEG", id="jpeg-beginnings"),
    ],
)
def test_a_file_of_too_many_parts_is_refused(content: bytes, format_: str) -> None:
    assert "too many parts" in refusal(content, format_)


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        pytest.param(jpeg(b"\xff" * 2_000_000 + b"\0"), "JPEG", id="jpeg-0xff-in-a-row"),
        pytest.param(jpeg(b"\xff\xe1\0\x10Exif\0\0MM\0*\0\0\0\x08" * 4_000), "JPEG", id="jpeg-exif"),
        pytest.param(
            png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 2_000), "PNG", id="png-profiles"
        ),
        pytest.param(
            png(chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"\xff" * 1_000_000)) * 2_000),
            "PNG",
            id="png-text",
        ),
        pytest.param(gif(b"\x21\xfe" + b"\x01a" * 400_000 + b"\0"), "GIF", id="gif-comment"),
    ],
)
def test_what_no_decoder_needs_costs_nothing(content: bytes, format_: str) -> None:
    begun = time.thread_time()
    assert made(content, format_).size == (8, 6)
    assert time.thread_time() - begun < _NO_TIME


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_file_that_ends_anywhere_is_taken_or_refused_and_nothing_else(format_: str) -> None:
    whole = moving(format_, 3) if format_ in ("GIF", "WEBP") else encoded(format_)
    for end in range(len(whole)):
        try:
            made(whole[:end], format_)
        except BadPicture:
            continue
        # A mark of its end is all that is missing; or frames, of a format that does not say how many there are.
        assert end >= len(whole) - 12 or (format_ == "GIF" and whole[end - 1] == 0)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_byte_that_is_wrong_anywhere_is_taken_or_refused_and_nothing_else(format_: str) -> None:
    whole = moving(format_, 3) if format_ in ("GIF", "WEBP") else encoded(format_)
    for place in range(0, len(whole), 3):
        for wrong in (0, 0xFF, whole[place] ^ 0x10):
            try:
                bare = structure.bare(whole[:place] + bytes([wrong]) + whole[place + 1 :], format_)
            except BadPicture:
                continue
            assert bare.width * bare.height <= 40_000_000


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_camera_says(format_: str, turn: int) -> None:
    image = Image.new("RGB", (32, 16), "#ff0000")
    image.paste("#0000ff", (0, 0, 16, 8))
    exif = image.getexif()
    exif[0x010E], exif[0x0112] = "a word", turn
    options = {"lossless": True} if format_ == "WEBP" else {}
    content = encoded(format_, image, exif=exif, **options)
    turned, expected = (
        made(content, format_).convert("RGB"),
        ImageOps.exif_transpose(Image.open(io.BytesIO(content))),
    )
    assert turned.size == expected.size
    for place in (
        (3, 3),
        (turned.width - 4, turned.height - 4),
        (turned.width - 4, 3),
        (3, turned.height - 4),
    ):
        found, meant = (colour(each, place) for each in (turned, expected))
        assert all(abs(one - other) < 40 for one, other in zip(found, meant, strict=True))


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
def test_frames_stay_as_long_as_they_did_and_come_round_as_often(format_: str) -> None:
    pauses = [70, 20, 900]
    again = made(moving(format_, 3, duration=pauses, loop=4), format_)
    found = []
    for frame in range(3):
        again.seek(frame)
        again.load()
        found.append(again.info["duration"])
    assert (found, again.info["loop"]) == (pauses, 4)


def test_of_several_jpegs_in_a_file_the_first_is_taken() -> None:
    images = [Image.new("RGB", (5_000, 4_000), colour) for colour in ("#ff0000", "#0000ff")]
    several = encoded("MPO", images[0], save_all=True, append_images=images[1:])
    again = made(several, "JPEG")
    assert (again.size, again.format, getattr(again, "n_frames", 1)) == ((5_000, 4_000), "JPEG", 1)
    assert colour(again, (9, 9))[0] > 200


def test_of_two_sizes_in_a_file_neither_is_believed() -> None:
    other = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", 4, 4) + b"\x01\x01\x11\x00"
    assert "damaged" in refusal(jpeg(other), "JPEG")
    inner = bytearray(encoded("WEBP", lossless=True, exif=b"Exif\0\0II*\0"))
    place = inner.index(b"VP8L") + 9
    inner[place : place + 4] = struct.pack("<I", 3999 | 3999 << 14)
    assert "damaged" in refusal(bytes(inner), "WEBP")
