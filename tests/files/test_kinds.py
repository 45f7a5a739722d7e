"""What a file is and is called, told by its bytes and cleaned of what its sender wrote."""

from __future__ import annotations

import io

import pytest

from files.kinds import NotTaken, kind_of
from files.names import MOST, cleaned, with_ending
from tests.files.sending import PDF, archive, picture

OFFICE = "application/vnd.openxmlformats-officedocument"


def office(part: str) -> bytes:
    return archive("[Content_Types].xml", "_rels/.rels", part)


@pytest.mark.parametrize(
    ("content", "name", "type_"),
    [
        (picture("JPEG"), "x.png", "image/jpeg"),
        (picture("PNG"), "x.exe", "image/png"),
        (picture("WEBP"), "x", "image/webp"),
        (PDF, "x.txt", "application/pdf"),
        (
            office("word/document.xml"),
            "x",
            f"{OFFICE}.wordprocessingml.document",
        ),
        (
            office("xl/workbook.xml"),
            "x",
            f"{OFFICE}.spreadsheetml.sheet",
        ),
        (archive("a.txt"), "x.docx", "application/zip"),
        (b"OggS\0\2" + bytes(60), "x", "audio/ogg"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "x", "video/mp4"),
        (b"a,b\n1,2\n", "x.CSV", "text/csv"),
        (b"#!/bin/sh\nrm -rf /\n", "x.png", "text/plain"),
        ("žluťoučký kůň".encode(), "x", "text/plain"),
    ],
    ids=range(12),
)
def test_a_file_is_what_its_bytes_say(content: bytes, name: str, type_: str) -> None:
    assert kind_of(io.BytesIO(content), name).type == type_


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\0\3" + bytes(99),
        b"\x7fELF\2\1\1" + bytes(99),
        bytes(range(256)),
        picture("TIFF"),
        b"x" * 9000 + b"\0",
    ],
    ids=range(5),
)
def test_what_is_of_no_kind_is_not_taken(content: bytes) -> None:
    with pytest.raises(NotTaken, match="PDF"):
        kind_of(io.BytesIO(content), "x.txt")


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ann\\Photo 1.JPG", "Photo 1.JPG"),
        ("a\r\nb\t\x00c.txt", "abc.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        (' .. "<x>".html ', "x.html"),
        ("", "file"),
        ("\ud800", "file"),
        ("x" * 300 + ".pdf", "x" * (MOST - 4) + ".pdf"),
        ("Ünï 写真.png", "Ünï 写真.png"),
    ],
    ids=range(9),
)
def test_a_name_is_only_a_name(name: str, called: str) -> None:
    assert cleaned(name) == called


def test_a_picture_is_called_what_it_now_is() -> None:
    assert with_ending("a.JPG", "jpeg") == "a.JPG"
    assert with_ending("a.heic", "jpeg") == "a.jpeg"
    assert with_ending("a", "png") == "a.png"
    assert len(with_ending("x" * MOST, "webp")) == MOST
