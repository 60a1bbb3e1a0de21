"""Malformed and hostile files: one clear line each, nothing hangs, memory stays bounded, other clips go on."""

import os
import random
import re
import resource
from pathlib import Path

import pytest
from malformed_files import DAMAGED, OTHER_CONTENT, REFUSED, unreadable
from media_files import moving, tone, write_video

from emoreason.cues.gather import Gathered, gather_cues, gather_many
from emoreason.cues.limits import Limits
from emoreason.errors import EmoreasonError, MediaError

LIMITS = Limits(timeout_s=60, memory_mb=1024, max_duration_s=600)
EXTRACTORS = ("speech", "voice", "scene")
#: An error line may show the first bytes of the file that was named, never more, and never another file's.
_LONGEST_LINE = 500


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) + len(DAMAGED) >= 40


def gather_all(folder: Path, names: dict[str, Path]) -> dict[str, Gathered | EmoreasonError]:
    """Every file with a good clip before, after and between."""
    good = write_video(folder / "good.mp4", moving(10), sound=tone(0.4))
    paths = [path for bad in names.values() for path in (good, bad)] + [good]
    results = list(gather_many(paths, extractors=EXTRACTORS, limits=LIMITS, jobs=2))
    assert len(results) == len(paths)
    for result in results[::2]:
        assert isinstance(result, Gathered)
        assert any(cue.code == "brightness" for cue in result.cueset.cues)
    return dict(zip(names, results[1::2], strict=True))


def check_line(name: str, message: str) -> None:
    assert 10 < len(message) < _LONGEST_LINE, (name, message)
    assert message.isprintable(), (name, message)
    assert not re.search(r"Traceback|File \"|Errno|0x[0-9a-f]{6}", message), (name, message)
    assert OTHER_CONTENT not in message


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    names: dict[str, Path] = {}
    for number, (name, make) in enumerate(REFUSED.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        names[name] = make(folder)
    for name, result in gather_all(tmp_path, names).items():
        assert isinstance(result, MediaError), (name, result)
        check_line(name, str(result))
        assert str(result).startswith(str(names[name])), (name, str(result))
        assert "crashed" not in str(result), (name, str(result))


def test_what_is_damaged_is_refused_or_says_what_is_missing(tmp_path: Path) -> None:
    names: dict[str, Path] = {}
    for number, (name, make) in enumerate(DAMAGED.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        names[name] = make(folder)
    for name, result in gather_all(tmp_path, names).items():
        if isinstance(result, EmoreasonError):
            assert isinstance(result, MediaError), (name, result)
            check_line(name, str(result))
            continue
        assert result.cueset.gaps, name
        for gap in result.cueset.gaps:
            if gap.detail:
                check_line(name, gap.detail)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = unreadable(tmp_path)
    if path is None:  # root reads everything: let the system call itself refuse
        path = tmp_path / "unreadable.wav"

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MediaError, match="cannot be opened: Permission denied") as caught:
        gather_cues(path)
    check_line("unreadable", str(caught.value))


def test_a_playlist_opens_nothing_else(tmp_path: Path) -> None:
    """No file that a playlist names is read: its access time stays where it was put."""
    read = tmp_path / "read.txt"
    read.write_text("x")
    os.utime(read, (1, 1))
    read.read_text()
    if read.stat().st_atime == 1:
        pytest.skip("this file system keeps no access times; set TMPDIR to a folder on one that does")
    for name in ("playlist of a local file", "playlist as mp4", "concat script", "dash manifest"):
        folder = _made(tmp_path / name.replace(" ", "_"))
        path = REFUSED[name](folder)
        others = [other for other in folder.iterdir() if other != path]
        for other in others:
            os.utime(other, (1, 1))
        with pytest.raises(MediaError, match="not a media file"):
            gather_cues(path)
        assert [other.stat().st_atime for other in others] == [1, 1]


def test_memory_of_this_process_stays_flat(tmp_path: Path) -> None:
    """The parent never decodes: bombs cost the child."""
    bombs = [REFUSED[name](_made(tmp_path / str(k))) for k, name in enumerate(REFUSED) if "bomb" in name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = list(gather_many(bombs, extractors=EXTRACTORS, limits=LIMITS))
    assert all(isinstance(result, MediaError) for result in results)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi"])
def test_flipped_bytes(tmp_path: Path, suffix: str) -> None:
    """A valid clip with random bytes changed is explained or refused in one line, whatever the bytes."""
    codec = {".webm": "libvpx", ".avi": "mpeg4"}.get(suffix, "libx264")
    sound = None if suffix == ".webm" else tone(0.4)
    data = write_video(tmp_path / f"whole{suffix}", moving(10), codec=codec, sound=sound).read_bytes()
    rng = random.Random(suffix)
    paths = []
    for number in range(60):
        broken = bytearray(data)
        for _ in range(rng.choice([1, 3, 10, 100])):
            # half of the changes in the first kilobyte, where the headers of most containers are
            broken[rng.randrange(min(1024, len(data)) if rng.random() < 0.5 else len(data))] = rng.randrange(256)
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(broken[: rng.randrange(1, len(broken))] if rng.random() < 0.2 else broken)
        paths.append(path)
    for path, result in zip(paths, gather_many(paths, extractors=EXTRACTORS, limits=LIMITS), strict=True):
        if isinstance(result, Gathered):
            continue
        assert isinstance(result, MediaError)
        check_line(path.name, str(result))
        assert "extraction failed" not in str(result), str(result)
