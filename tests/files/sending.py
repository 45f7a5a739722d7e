"""What people send, and how."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
from PIL import Image

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
WHERE_IT_WAS_TAKEN = "52.5200N 13.4050E"


def picture(format_: str = "JPEG", size: tuple[int, int] = (800, 600), **options: Any) -> bytes:
    """A picture that says where it was taken, with something behind its end."""
    image = Image.new("RGB", size, "#c0392b")
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = WHERE_IT_WAS_TAKEN
    out = io.BytesIO()
    image.save(out, format_, exif=exif, **options)
    return out.getvalue() + b"<script>alert(1)</script>"


def unfolding_picture(side: int) -> bytes:
    """A small WebP that is work: a noisy tile, again and again, which a lossless file says in few bytes."""
    noise = Image.merge("RGB", [Image.effect_noise((100, 100), strength) for strength in (40, 50, 60)])
    image = Image.new("RGB", (side, side))
    for x in range(0, side, 100):
        for y in range(0, side, 100):
            image.paste(noise, (x, y))
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()


def moving_picture(frames: int = 3) -> bytes:
    images = [Image.new("RGB", (40, 30), (80 * n, 0, 0)) for n in range(frames)]
    out = io.BytesIO()
    images[0].save(
        out, "GIF", save_all=True, append_images=images[1:], duration=70, loop=0, comment=WHERE_IT_WAS_TAKEN
    )
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


def upload(
    client: httpx.Client,
    content: bytes = b"hello",
    name: str = "note.txt",
    *,
    room: str = "general",
    type_: str = "application/octet-stream",
    **fields: str,
) -> httpx.Response:
    return client.post("/api/v1/files", data={"room": room, **fields}, files={"file": (name, content, type_)})


def uploaded(client: httpx.Client, *args: Any, **fields: Any) -> dict[str, Any]:
    """The same, taken: the file."""
    answer = upload(client, *args, **fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fetch(client: httpx.Client, url: str, **headers: str) -> httpx.Response:
    """What a link leads to, for somebody who has nothing but the link."""
    parts = httpx.URL(url)
    with httpx.Client(base_url=client.base_url, headers={"Host": client.headers["Host"]}) as anyone:
        return anyone.get(parts.raw_path.decode(), headers=headers)
