"""py-feat tables: faces without numbers, clocks of whole seconds, emotion guesses left alone."""

import numpy as np
import pytest
from tool_tables import PYFEAT_AUS, bump, pyfeat_row, times, write_table

from emoreason.errors import RecordError
from emoreason.formats.pyfeat import read_pyfeat

SMILE = bump(3.0, 0.9)


def read(path, fps=None):
    with open(path, "rb") as file:
        return read_pyfeat(file, fps)


def rows(duration_s: float = 6.0) -> list[dict]:
    return [pyfeat_row(n, {12: SMILE(t)}) for n, t in enumerate(times(duration_s))]


def noted(table) -> str:
    return "; ".join(table.notes)


def test_a_real_shaped_table_is_read(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", rows(), separator=","), fps=25.0)
    assert (table.tool, table.full_scale) == ("pyfeat", 1.0)
    [track] = table.tracks
    assert set(track.intensity) == {f"AU{n}" for n in PYFEAT_AUS}
    assert track.intensity["AU12"].max() == pytest.approx(0.9)
    assert table.times_s[int(np.argmax(track.intensity["AU12"]))] == pytest.approx(3.0)
    assert track.confidence == pytest.approx(0.99)


def test_emotion_columns_are_left_alone_and_it_is_said(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", rows(), separator=","), fps=25.0)
    assert "anger, disgust, fear, happiness, sadness, surprise, neutral) are not read: a guess is no cue" in noted(
        table
    )


def test_the_clock_gives_the_frame_rate_where_the_clip_does_not(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", rows(8.0), separator=","))
    assert table.times_s[-1] == pytest.approx(7.96, abs=0.05)
    assert "25 frames per second, estimated from approx_time" in noted(table)


def test_without_clock_and_clip_there_are_no_times(tmp_path) -> None:
    columns = [name for name in rows()[0] if name != "approx_time"]
    path = write_table(tmp_path / "clip.csv", rows(), columns=columns, separator=",")
    with pytest.raises(RecordError, match="give it together with its clip"):
        read(path)


def test_degrees_get_our_signs_and_radians_of_newer_models_are_left_out(tmp_path) -> None:
    table = read(write_table(tmp_path / "a.csv", rows(), separator=","), fps=25.0)
    assert table.tracks[0].angles_deg["yaw"] == pytest.approx(-4.87)
    newer = [row | {"Pitch": 0.1, "Roll": 0.02, "Yaw": 0.3, "X": 1.0, "Y": 2.0, "Z": 3.0} for row in rows()]
    table = read(write_table(tmp_path / "b.csv", newer, separator=","), fps=25.0)
    assert not table.tracks[0].angles_deg
    assert "head angles are left out" in noted(table)


def test_faces_are_followed_by_their_boxes_however_the_rows_are_ordered(tmp_path) -> None:
    both = []
    for number, time_s in enumerate(times(4.0)):
        left = pyfeat_row(number, {12: SMILE(time_s)}, x=100.0 + number)
        right = pyfeat_row(number, {4: 0.8}, x=400.0)
        both += [left, right] if number % 3 else [right, left]
    table = read(write_table(tmp_path / "clip.csv", both, separator=","), fps=25.0)
    assert len(table.tracks) == 2
    by_smile = sorted(table.tracks, key=lambda track: float(np.nanmax(track.intensity["AU12"])))
    assert np.nanmax(by_smile[0].intensity["AU12"]) == pytest.approx(0.01)
    assert np.nanmin(by_smile[0].intensity["AU4"]) == pytest.approx(0.8)
    assert "boxes overlap" in noted(table)


def test_identity_labels_are_used_and_embeddings_are_not(tmp_path) -> None:
    both = []
    for number in range(50):
        for name, x in (("Person_0", 100.0), ("Person_1", 105.0)):
            both.append(pyfeat_row(number, {12: 0.5}, x=x, Identity=name, Identity_1=0.123))
    table = read(write_table(tmp_path / "clip.csv", both, separator=","), fps=25.0)
    assert [track.label for track in table.tracks] == ["Person_0", "Person_1"]
    assert "its embeddings are not read" in noted(table)


def test_frames_without_a_face_have_empty_cells(tmp_path) -> None:
    some = rows()
    for row in some[20:40]:
        row |= dict.fromkeys([name for name in row if name not in ("frame", "input", "approx_time")], "")
    for row in some[60:70]:
        row["FaceScore"] = 0.2
    [track] = read(write_table(tmp_path / "clip.csv", some, separator=","), fps=25.0).tracks
    assert not track.tracked[20:40].any()
    assert not track.tracked[60:70].any()
    assert track.tracked.sum() == 120


def test_zeros_and_ones_are_presence_not_intensity(tmp_path) -> None:
    some = [pyfeat_row(n, {a: float(a == 12 and 1 <= t < 2) for a in PYFEAT_AUS}) for n, t in enumerate(times(3.0))]
    table = read(write_table(tmp_path / "clip.csv", some, separator=","), fps=25.0)
    [track] = table.tracks
    assert not track.intensity
    assert track.presence["AU12"].sum() == 25
    assert "taken as presence" in noted(table)


def test_percent_is_divided_and_it_is_said(tmp_path) -> None:
    some = [pyfeat_row(n, {12: 100 * SMILE(t)}) for n, t in enumerate(times(6.0))]
    table = read(write_table(tmp_path / "clip.csv", some, separator=","), fps=25.0)
    assert table.tracks[0].intensity["AU12"].max() == pytest.approx(0.9)
    assert "taken for hundredths of 0-1" in noted(table)


def test_other_tables_are_refused(tmp_path) -> None:
    path = tmp_path / "clip.csv"
    path.write_text("frame,AU12\n0,0.5\n")
    with pytest.raises(RecordError, match="no py-feat table"):
        read(path)
