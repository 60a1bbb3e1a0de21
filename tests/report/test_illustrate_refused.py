"""Files that are not what they seem: illustrating them ends as gathering their cues does, in one clear line."""

from pathlib import Path

from malformed_files import DAMAGED, OTHER_CONTENT, REFUSED

from emoreason.cues.limits import Limits
from emoreason.errors import MediaError
from emoreason.records import Clip, CueSet
from emoreason.report.clip.illustrate import illustrate
from emoreason.report.clip.illustration import Illustration

LIMITS = Limits(timeout_s=60, memory_mb=1024, max_duration_s=600)


def outcome(path: Path, *, blur_faces: bool = False) -> Illustration | MediaError:
    try:
        return illustrate(CueSet(clip=Clip(id="a")), path=path, limits=LIMITS, blur_faces=blur_faces)
    except MediaError as error:
        return error


def check_line(name: str, message: str) -> None:
    assert 10 < len(message) < 500, (name, message)
    assert message.isprintable(), (name, message)
    assert "Traceback" not in message, (name, message)
    assert OTHER_CONTENT not in message, (name, message)


def test_what_gathering_refuses_is_refused(tmp_path: Path) -> None:
    for number, (name, make) in enumerate(REFUSED.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = outcome(make(folder), blur_faces=bool(number % 2))
        if name == "no such file":
            assert isinstance(found, Illustration), name
            assert found.media is None
            continue
        assert isinstance(found, MediaError), name
        check_line(name, str(found))


def test_what_is_damaged_is_refused_or_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    for number, (name, make) in enumerate(DAMAGED.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = outcome(make(folder))
        if isinstance(found, MediaError):
            check_line(name, str(found))
        else:
            assert found.media is not None or found.notes, name
            assert len(found.media.data if found.media else b"") < 24 << 20, name
