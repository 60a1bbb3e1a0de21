"""Options of extraction: the transcript's encodings, the size of a clip."""

import json
import wave
from pathlib import Path

import pytest

PURPOSE = ("--purpose", "research")


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 << 20))
    return path


def test_a_file_larger_than_max_size_is_refused(run, silence) -> None:
    done = run("cues", silence, "--extractor", "voice", "--max-size", "1", *PURPOSE)
    assert done.returncode == 3
    assert "more than the limit of 1048576" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_transcript_is_read_in_every_encoding_that_can_be_told(run, silence, encoding) -> None:
    words = silence.with_name("words.dat")
    words.write_text("schöne Grüße", encoding=encoding)
    done = run("cues", silence, "--extractor", "speech", "--transcript", words, *PURPOSE)
    assert done.returncode == 0, done.stderr
    assert "schöne Grüße" in json.dumps(json.loads(done.stdout), ensure_ascii=False)


def test_a_transcript_in_no_known_encoding_is_a_configuration_error(run, silence) -> None:
    words = silence.with_name("words.dat")
    words.write_bytes("schöne".encode("latin-1"))
    done = run("cues", silence, "--extractor", "speech", "--transcript", words, *PURPOSE)
    assert done.returncode == 2
    assert "not UTF-8" in done.stderr
