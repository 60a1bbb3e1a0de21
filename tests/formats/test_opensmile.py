"""openSMILE tables: both programs' shapes, and what they say where there was no voice."""

import sys

import numpy as np
import pytest
from tool_tables import EGEMAPS, write_table

from emoreason.errors import RecordError
from emoreason.formats.opensmile import read_opensmile


def read(path, stem=None):
    with open(path, "rb") as file:
        return read_opensmile(file, stem)


def test_functionals_of_smilextract(tmp_path) -> None:
    row = {"name": "'clip'", "frameTime": "0.000000"} | EGEMAPS
    table = read(write_table(tmp_path / "clip.csv", [row], separator=";"))
    assert table.spans_s == (None,)
    assert table.values["f0_mean"].tolist() == [34.375183]
    assert table.values["jitter"].tolist() == [0.021]
    assert set(table.values) == {
        "f0_mean", "f0_range", "loudness", "sound_level", "loudness_peaks", "voiced_segments", "jitter", "shimmer",
        "hnr", "alpha_ratio", "hammarberg", "spectral_flux",
    }  # fmt: skip


def test_functionals_of_the_python_package_have_spans(tmp_path) -> None:
    rows = [
        {"file": "/data/clip.wav", "start": "0 days", "end": "0 days 00:00:02"} | EGEMAPS,
        {"file": "/data/clip.wav", "start": "0 days 00:00:02", "end": "0 days 00:01:03.500000"} | EGEMAPS,
    ]
    table = read(write_table(tmp_path / "clip.csv", rows, separator=","))
    assert table.spans_s == ((0.0, 2.0), (2.0, 63.5))


def test_one_recording_of_many_is_chosen_by_name(tmp_path) -> None:
    rows = [
        {"file": f"/data/{name}.wav", "start": "0 days", "end": "0 days 00:00:02"}
        | EGEMAPS
        | {"loudnessPeaksPerSec": n}
        for n, name in enumerate(("a", "b"))
    ]
    path = write_table(tmp_path / "all.csv", rows, separator=",")
    assert read(path, "b").values["loudness_peaks"].tolist() == [1.0]
    with pytest.raises(RecordError, match="none of them is called 'c'"):
        read(path, "c")


def test_an_arff_file(tmp_path) -> None:
    lines = ["@relation openSMILE", "", "@attribute name string", "@attribute frameTime numeric"]
    lines += [f"@attribute {name} numeric" for name in EGEMAPS] + ["", "@data", ""]
    lines += ["'clip',0.0," + ",".join(map(str, EGEMAPS.values()))]
    path = tmp_path / "clip.arff"
    path.write_text("\n".join(lines) + "\n")
    assert read(path).values["f0_mean"].tolist() == [34.375183]


@pytest.mark.parametrize("python", [True, False])
def test_descriptors_become_curves_and_means_over_voiced_frames(tmp_path, python) -> None:
    rows = []
    for number in range(200):
        voiced = 50 <= number < 150
        jitter = 0.02 if voiced and number % 4 else 0.0  # openSMILE's own mean leaves zeros out
        start = number * 0.01
        times = (
            {"start": f"0 days 00:00:{start:09.6f}", "end": f"0 days 00:00:{start + 0.02:09.6f}"}
            if python
            else {"name": "'clip'", "frameTime": f"{start:.6f}"}
        )
        rows.append(
            times
            | {"Loudness_sma3": 0.5, "alphaRatio_sma3": -10.0 if voiced else -60.0}
            | {"F0semitoneFrom27.5Hz_sma3nz": 36.0 if voiced else 0.0, "jitterLocal_sma3nz": jitter}
        )
    table = read(write_table(tmp_path / "clip.csv", rows, separator="," if python else ";"))
    assert table.values["f0_mean"].tolist() == [36.0]
    assert table.values["jitter"].tolist() == pytest.approx([0.02])
    assert table.values["alpha_ratio"].tolist() == pytest.approx([-10.0])
    assert np.nanmax(table.f0_hz) == pytest.approx(220.0)
    assert np.isnan(table.f0_hz[:50]).all()
    assert table.times_s[0] == pytest.approx(0.01)
    assert table.spans_s == (pytest.approx((0.0, 2.01)),)


def test_silence_is_no_low_voice(tmp_path) -> None:
    row = {"name": "'clip'", "frameTime": "0"} | dict.fromkeys(EGEMAPS, 0.0)
    table = read(write_table(tmp_path / "clip.csv", [row], separator=";"))
    assert np.isnan(table.values["f0_mean"]).all()
    assert np.isnan(table.values["jitter"]).all()
    assert table.values["loudness"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n1;2\n", "no openSMILE table"),
        ("F0final_sma_amean;x\n1;2\n", "GeMAPS family"),
        ("name;loudness_sma3_amean\n", "no rows"),
        ("name;loudness_sma3_amean\n'a';1\n'a';2\n", "2 rows without start and end"),
        ("name;Loudness_sma3\n'a';1\n", "without frameTime"),
        ("@relation x\n@attribute a numeric\n", "without @data"),
    ],
)
def test_other_files_give_one_line(tmp_path, text, message) -> None:
    path = tmp_path / "clip.csv"
    path.write_text(text)
    with pytest.raises(RecordError, match=message):
        read(path)


def test_what_the_package_itself_writes(tmp_path) -> None:
    opensmile = pytest.importorskip("opensmile", reason="pip install 'emoreason[reference]'")
    if sys.platform == "win32":
        pytest.skip("openSMILE's library is not tried here")
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(32_000) / 16_000)
    for level, kept in (("Functionals", "f0_mean"), ("LowLevelDescriptors", "f0_mean")):
        smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, getattr(opensmile.FeatureLevel, level))
        path = tmp_path / f"{level}.csv"
        smile.process_signal(tone, 16_000).to_csv(path)
        assert read(path).values[kept][0] == pytest.approx(36.0, abs=0.1)
