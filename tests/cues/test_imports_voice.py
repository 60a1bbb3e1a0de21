"""openSMILE's voice as cues: its values, its own baseline or none, no norm of ours."""

import pytest
from tool_tables import EGEMAPS, write_table

from emoreason.cues.extractor import Job, Settings
from emoreason.cues.imports.place import ImportedFileError
from emoreason.cues.imports.voice import VoiceImporter, import_voice
from emoreason.cues.wording import cue_text
from emoreason.records import Clip

F0 = "F0semitoneFrom27.5Hz_sma3nz_amean"


def stretches(values, length_s=2.0):
    return [
        {"file": "/data/clip.wav", "start": f"0 days 00:00:{n * length_s:04.1f}"}
        | {"end": f"0 days 00:00:{(n + 1) * length_s:04.1f}"}
        | EGEMAPS
        | {F0: value}
        for n, value in enumerate(values)
    ]


def imported(settings: Settings, duration_s: float = 8.0):
    job = Job(Clip(id="clip", path="/media/clip.wav", duration_s=duration_s), settings)
    importer = VoiceImporter()
    importer.begin(job)
    return importer.finish(job)


def test_values_stay_opensmiles_and_get_no_word_of_ours(tmp_path) -> None:
    # 45 semitones above 27.5 Hz are 370 Hz: very high by any norm of ours.
    row = {"name": "'clip'", "frameTime": "0"} | EGEMAPS | {F0: 45.0}
    found = imported(Settings(voice_csv=str(write_table(tmp_path / "clip.csv", [row], separator=";"))))
    [pitch] = [cue for cue in found.cues if cue.code == "f0_mean"]
    assert (pitch.value, pitch.unit, pitch.source) == (45.0, "semitones above 27.5 Hz", "opensmile")
    assert (pitch.start_s, pitch.end_s) == (0.0, 8.0)
    assert {(cue.level, cue.direction, cue.marks) for cue in found.cues} == {(None, None, ("other_scale",))}
    assert "45 semitones above 27.5 Hz" in cue_text(pitch)
    [gap] = found.gaps
    assert gap.reason == "imported"
    assert "no level words" in (gap.detail or "")


def test_stretches_are_higher_or_lower_than_the_whole(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", stretches([30.0, 30.0, 30.0, 40.0]), separator=",")
    cues = [cue for cue in imported(Settings(voice_csv=str(path))).cues if cue.code == "f0_mean"]
    assert [cue.id for cue in cues] == [f"voice.f0_mean.{n}" for n in range(1, 6)]
    assert (cues[0].value, cues[0].start_s, cues[0].end_s) == (32.5, 0.0, 8.0)
    assert [cue.direction for cue in cues] == [None, None, None, None, "higher"]


def test_a_baseline_of_the_same_tool_gives_words(tmp_path) -> None:
    calm = write_table(tmp_path / "calm.csv", stretches([29.0, 30.0, 31.0, 30.0]), separator=",")
    path = write_table(tmp_path / "clip.csv", stretches([36.0]), separator=",")
    found = imported(Settings(voice_csv=str(path), voice_baseline=str(calm)), 2.0)
    [pitch] = [cue for cue in found.cues if cue.code == "f0_mean"]
    assert (pitch.level, pitch.source) == ("very_high", "opensmile+baseline")
    [jitter] = [cue for cue in found.cues if cue.code == "jitter"]
    assert jitter.level is None  # the calm recording does not vary in it


def test_a_baseline_needs_several_stretches(tmp_path) -> None:
    calm = write_table(tmp_path / "calm.csv", stretches([29.0]), separator=",")
    path = write_table(tmp_path / "clip.csv", stretches([36.0]), separator=",")
    with pytest.raises(ImportedFileError, match="at least 3 stretches"):
        imported(Settings(voice_csv=str(path), voice_baseline=str(calm)))
    (tmp_path / "ours.json").write_text('{"format": "emoreason voice baseline 1", "measures": {}}')
    with pytest.raises(ImportedFileError, match="no openSMILE table"):
        imported(Settings(voice_csv=str(path), voice_baseline=str(tmp_path / "ours.json")))


def test_silence_is_a_gap_not_a_low_voice(tmp_path) -> None:
    row = {"name": "'clip'", "frameTime": "0"} | dict.fromkeys(EGEMAPS, 0.0)
    found = imported(Settings(voice_csv=str(write_table(tmp_path / "clip.csv", [row], separator=";"))))
    assert "f0_mean" not in {cue.code for cue in found.cues}
    assert "no_speech" in {gap.reason for gap in found.gaps}


def test_a_table_that_ends_early_leaves_a_gap(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", stretches([30.0, 31.0]), separator=",")
    [gap] = [gap for gap in imported(Settings(voice_csv=str(path)), 20.0).gaps if gap.reason == "not_covered"]
    assert (gap.start_s, gap.end_s) == (4.0, 20.0)


def test_many_stretches_give_the_whole_and_those_that_differ_most(tmp_path) -> None:
    values = [30.0 + (n % 7) / 10 for n in range(30)]
    values[17] = 45.0
    path = write_table(tmp_path / "clip.csv", stretches(values, 1.0), separator=",")
    cues = [cue for cue in import_voice(path).cueset.cues if cue.code == "f0_mean"]
    assert len(cues) == 21
    assert max(cue.value for cue in cues) == 45.0


def test_a_level_in_decibels_is_averaged_as_energy(tmp_path) -> None:
    rows = stretches([30.0, 31.0])
    for row, level in zip(rows, (-20.0, -120.0), strict=True):
        row["equivalentSoundLevel_dBp"] = level
    path = write_table(tmp_path / "clip.csv", rows, separator=",")
    whole = next(cue for cue in import_voice(path).cueset.cues if cue.code == "sound_level")
    assert whole.value == pytest.approx(-23.01, abs=0.01)  # half of the time silent: 3 dB less


def test_a_table_longer_than_its_clip_is_cut_and_one_of_another_clip_refused(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", stretches([30.0, 31.0, 32.0, 33.0]), separator=",")
    found = imported(Settings(voice_csv=str(path)), 5.0)
    assert max(cue.end_s or 0 for cue in found.cues) == 5.0
    assert [cue.value for cue in found.cues if cue.code == "f0_mean"] == [pytest.approx(30.8), 30.0, 31.0, 32.0]
    assert "covers 0.00-8.00 s of a clip of 5.00 s" in (found.gaps[0].detail or "")
    late = [row | {"start": "0 days 00:01:00", "end": "0 days 00:01:02"} for row in stretches([30.0])]
    with pytest.raises(ImportedFileError, match="belongs to another one"):
        imported(Settings(voice_csv=str(write_table(tmp_path / "late.csv", late, separator=","))), 5.0)


def test_impossible_numbers_are_no_measurement(tmp_path) -> None:
    rows = stretches([30.0, 1e300, 32.0])
    found = import_voice(write_table(tmp_path / "clip.csv", rows, separator=",")).cueset
    assert [cue.value for cue in found.cues if cue.code == "f0_mean"] == [31.0, 30.0, 32.0]
    rows[2]["end"] = "99999999999999999999 days 00:00:01"
    with pytest.raises(ImportedFileError, match="without start and end"):
        import_voice(write_table(tmp_path / "clip.csv", rows, separator=","))
