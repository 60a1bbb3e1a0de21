"""Files that are not what they seem: truncated, forged, hostile. Each maker writes one and returns its path.

``REFUSED`` must end in one clear line. ``DAMAGED`` may be refused or explained as far as they can be read, but must
say what is missing.
"""

import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from media_files import moving, tone, wav_bytes, write_sound, write_video, write_wav
from PIL import Image

Maker = Callable[[Path], Path]

OTHER_CONTENT: Final = "the content of another file"


def _file(name: str, data: bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def _random_after(magic: bytes, name: str, seed: int) -> Maker:
    return _file(name, magic + random.Random(seed).randbytes(4000))


def _video(folder: Path, faststart: bool = False) -> bytes:
    options = {"movflags": "faststart"} if faststart else {}
    return write_video(folder / "whole.mp4", moving(75), sound=tone(3.0), options=options).read_bytes()


def _truncated(share: float, faststart: bool) -> Maker:
    def make(folder: Path) -> Path:
        data = _video(folder, faststart)
        path = folder / f"cut-{share}-{faststart}.mp4"
        path.write_bytes(data[: int(len(data) * share)])
        return path

    return make


def _edited_video(name: str, edit: Callable[[bytearray], None], faststart: bool = True) -> Maker:
    def make(folder: Path) -> Path:
        data = bytearray(_video(folder, faststart))
        edit(data)
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def _no_moov(data: bytearray) -> None:
    at = data.index(b"moov")
    data[at : at + 4] = b"XXXX"


def _huge_duration(data: bytearray) -> None:
    """Hundred hours in every header that states a length."""
    for box, at in ((b"mvhd", 20), (b"mdhd", 20)):
        start = -1
        while (start := data.find(box, start + 1)) >= 0:
            (scale,) = struct.unpack_from(">I", data, start + 16)
            struct.pack_into(">I", data, start + at, min(scale * 360_000, 2**32 - 2))
    start = -1
    while (start := data.find(b"stts", start + 1)) >= 0:
        struct.pack_into(">I", data, start + 16, 2**28)


def _huge_dimensions(data: bytearray) -> None:
    at = data.index(b"avc1") + 28
    struct.pack_into(">HH", data, at, 65535, 65535)


def _box_in_box(data: bytearray) -> None:
    """Ten thousand boxes, each inside the one before."""
    data[:] = data[:32] + b"".join(struct.pack(">I4s", 8 * (10_000 - k), b"moov") for k in range(10_000))


def _zero_time_scale(data: bytearray) -> None:
    """No units per second: 0 frames per second, and a division by zero for whoever trusts it."""
    start = -1
    while (start := data.find(b"mdhd", start + 1)) >= 0:
        struct.pack_into(">I", data, start + 16, 0)
    at = data.index(b"mvhd")
    struct.pack_into(">I", data, at + 16, 0)


def _png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _nested_matroska(depth: int) -> bytes:
    """EBML header, then segments and tags nested ``depth`` deep, each of unknown size."""
    header = bytes.fromhex("1A45DFA3A34286810142F7810142F2810442F381084282886D6174726F736B614287810442858102")
    return header + bytes.fromhex("1853806701FFFFFFFFFFFFFF") + bytes.fromhex("1254C36701FFFFFFFFFFFFFF") * depth


def _playlist(name: str, text: str) -> Maker:
    def make(folder: Path) -> Path:
        secret = folder / "secret.txt"
        secret.write_text(OTHER_CONTENT)
        video = write_video(folder / "other.mp4", moving(3))
        path = folder / name
        path.write_text(text.format(secret=secret, video=video))
        return path

    return make


def _reference_movie(folder: Path) -> Path:
    """A QuickTime movie whose samples lie in another file (an alias in its data reference)."""
    data = bytearray(_video(folder, True))
    at = data.index(b"url ")
    data[at : at + 4] = b"alis"
    data[at + 4 : at + 8] = b"\0\0\0\0"
    path = folder / "reference.mov"
    path.write_bytes(data)
    return path


def _unreadable(folder: Path) -> Path:
    path = write_wav(folder / "unreadable.wav", tone(0.1))
    path.chmod(0)
    return path


def _folder(folder: Path) -> Path:
    (folder / "folder.mp4").mkdir()
    return folder / "folder.mp4"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def _loop(folder: Path) -> Path:
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    return folder / "loop.mp4"


def _link_to_zero(folder: Path) -> Path:
    (folder / "zero.mp4").symlink_to("/dev/zero")
    return folder / "zero.mp4"


def _sparse(folder: Path) -> Path:
    """Five declared gigabytes that take no room on the disk."""
    path = folder / "sparse.mp4"
    with open(path, "wb") as file:
        file.write(b"\0\0\0\x18ftypmp42")
        file.truncate(5 * 1024**3)
    return path


def _archive(folder: Path) -> Path:
    path = folder / "archive.mp4"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"0" * 100_000)
    return path


def _long_webp(folder: Path) -> Path:
    """An animation of a thousand frames on a canvas that declares 4000 x 4000 pixels."""
    path = folder / "long.webp"
    pictures = [Image.fromarray(picture) for picture in moving(2)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    data = bytearray(path.read_bytes())
    data[24:27] = data[27:30] = (3999).to_bytes(3, "little")
    at = data.index(b"ANMF")
    size = 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    data += bytes(data[at : at + size]) * 1000
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def _long_flac(folder: Path) -> Path:
    """A second of sound whose header promises a hundred hours."""
    path = write_sound(folder / "long.flac", np.zeros((1, 16_000), np.int16), 16_000)
    data = bytearray(path.read_bytes())
    # STREAMINFO: 36 bits of total samples end 16 bytes before the block's end
    data[8 + 13] = data[8 + 13] & 0xF0 | 1
    struct.pack_into(">I", data, 8 + 14, 360_000 * 16_000 - 2**32)
    path.write_bytes(data)
    return path


def _audio_bomb(folder: Path) -> Path:
    """Two hours of silence in a few kilobytes of FLAC."""
    return write_sound(folder / "bomb.flac", np.zeros((1, 880 * 65_520), np.int16), 8_000)


_BILLION = wav_bytes(b"\0\0" * 1000, rate_hz=2**31 - 1)
REFUSED: Final[dict[str, Maker]] = {
    "zero bytes": _file("empty.mp4", b""),
    "one byte": _file("one.mp4", b"\0"),
    "text as mp4": _file("text.mp4", b"This is just text.\n" * 100),
    "text with control characters": _file("control.mp4", b"a\nb\rc\x1b[31md\0" * 50),
    "json as wav": _file("data.wav", b'{"clip": "a"}'),
    "html": _file("page.mp4", b"<!DOCTYPE html><html><script>alert(1)</script></html>" * 20),
    "svg with an external entity": _file(
        "picture.svg",
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
    ),
    "pdf": _file("paper.mp4", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n" * 30),
    "zip as mp4": _archive,
    "elf program": _random_after(b"\x7fELF\x02\x01\x01", "program.mp4", 1),
    "random bytes": _random_after(b"\x01", "noise.mp4", 2),
    "random bytes after mp4 magic": _random_after(b"\0\0\0\x18ftypmp42", "magic.mp4", 3),
    "random bytes after matroska magic": _random_after(b"\x1a\x45\xdf\xa3", "magic.mkv", 4),
    "random bytes after ogg magic": _random_after(b"OggS", "magic.ogg", 5),
    "random bytes after flac magic": _random_after(b"fLaC", "magic.flac", 6),
    "random bytes after flv magic": _random_after(b"FLV\x01", "magic.flv", 7),
    "random bytes after asf magic": _random_after(bytes.fromhex("3026B2758E66CF11"), "magic.wmv", 8),
    "random bytes after avi magic": _random_after(b"RIFF\xff\xff\0\0AVI ", "magic.avi", 9),
    "random bytes after png magic": _random_after(b"\x89PNG\r\n\x1a\n", "magic.png", 10),
    "random bytes after webp magic": _random_after(b"RIFF\xff\x0f\0\0WEBP", "magic.webp", 12),
    "random bytes after animated webp magic": _random_after(
        b"RIFF\xff\x0f\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0", "animated.webp", 13
    ),
    "random bytes after tiff magic": _random_after(b"II*\0", "magic.tiff", 15),
    "truncated in the header": _truncated(0.0005, False),
    "truncated before the index at the end": _truncated(0.9, False),
    "index missing": _edited_video("no-moov.mp4", _no_moov),
    "boxes ten thousand deep": _edited_video("deep.mp4", _box_in_box),
    "matroska nested deep": _file("deep.mkv", _nested_matroska(20_000)),
    "hundred hours declared": _long_flac,
    "absurd dimensions in a png": _file("huge.png", _png(2**31 - 1, 2**31 - 1, b"\0" * 1000)),
    "zip bomb of a png": _file("bomb.png", _png(60_000, 60_000, b"\0" * 50_000_000)),
    "absurd dimensions in a bmp": _file(
        "huge.bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 10**6, 10**6, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "absurd dimensions in a gif": _file("huge.gif", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";"),
    "animated webp bomb": _long_webp,
    "two hours in a small file": _audio_bomb,
    "ten thousand channels": _file("channels.wav", wav_bytes(b"\0" * 60_000, channels=10_000)),
    "forged sample rate of two billion": _file("fast.wav", _BILLION),
    "forged sample rate of one": _file("slow.wav", wav_bytes(b"\0\0" * 5000, rate_hz=1)),
    "sample rate of zero": _file("zero-rate.wav", wav_bytes(b"\0\0" * 5000, rate_hz=0)),
    "no channels": _file("no-channel.wav", wav_bytes(b"\0\0" * 100, channels=0)),
    "no samples": _file("no-samples.wav", wav_bytes(b"")),
    "unknown codec in a wav": _file("codec.wav", wav_bytes(b"\x55" * 4000, kind=0x7FFF)),
    "folder": _folder,
    "named pipe": _pipe,
    "link to itself": _loop,
    "link to /dev/zero": _link_to_zero,
    "device": lambda folder: Path("/dev/null"),
    "no such file": lambda folder: folder / "missing.mp4",
    "five gigabytes of nothing": _sparse,
    "playlist of a local file": _playlist(
        "list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"
    ),
    "playlist as mp4": _playlist("list.mp4", "#EXTM3U\n#EXTINF:9,\nfile://{video}\n#EXT-X-ENDLIST\n"),
    "concat script": _playlist("script.mp4", "ffconcat version 1.0\nfile {video}\n"),
    "session description": _playlist("call.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"),
    "dash manifest": _playlist(
        "a.mpd", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{video}</BaseURL></MPD>'
    ),
}
DAMAGED: Final[dict[str, Maker]] = {
    "truncated at a third": _truncated(0.33, True),
    "truncated at two thirds": _truncated(0.67, True),
    "hundred hours declared in an mp4": _edited_video("long.mp4", _huge_duration),
    "samples in another file": _reference_movie,
    "absurd dimensions in an mp4": _edited_video("huge.mp4", _huge_dimensions),
    "0 frames per second": _edited_video("still.mp4", _zero_time_scale),
    "nan sound": _file("nan.wav", wav_bytes(np.full(16_000, np.nan, "<f4").tobytes(), kind=3, bits=32)),
    "infinite sound": _file("inf.wav", wav_bytes(np.full(16_000, np.inf, "<f4").tobytes(), kind=3, bits=32)),
    "one sample": _file("one.wav", wav_bytes(b"\x01\x00")),
    "odd last byte": _file("odd.wav", wav_bytes(b"\x01\x00\x01")),
    "random bytes after jpeg magic": _random_after(b"\xff\xd8\xff\xe0", "magic.jpg", 11),
    "random bytes after gif magic": _random_after(b"GIF89a", "magic.gif", 14),
    "random bytes after mp3 sync": _random_after(b"\xff\xfb\x90\x00", "magic.mp3", 16),
    "random bytes after mpeg magic": _random_after(b"\x00\x00\x01\xba", "magic.mpg", 17),
    "random bytes after transport syncs": _file(
        "magic.ts", b"".join(b"\x47" + random.Random(k).randbytes(187) for k in range(40))
    ),
    "wrong extension": lambda folder: write_wav(folder / "sound.png", tone(0.2)),
}


def unreadable(folder: Path) -> Path | None:
    """Write a file this process may not read; None where it may read everything (root)."""
    path = _unreadable(folder)
    return None if os.access(path, os.R_OK) else path
