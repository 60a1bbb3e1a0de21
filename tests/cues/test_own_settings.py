"""Clips of one run, each with its own transcript."""

from pathlib import Path

from media_files import tone, write_wav

from emoreason.cues.extractor import Settings
from emoreason.cues.gather import Gathered, gather_many


def test_a_path_may_bring_its_own_settings(tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / f"{name}.wav", tone(0.3)) for name in "abc"]
    clips = [(paths[0], Settings(transcript="one")), paths[1], (paths[2], Settings(transcript="three"))]
    found = list(gather_many(clips, settings=Settings(transcript="common"), extractors=["speech"], jobs=2))
    assert [one.cueset.clip.transcript for one in found if isinstance(one, Gathered)] == ["one", "common", "three"]
