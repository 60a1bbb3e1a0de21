"""OpenFace tables: the quirks of real files, known curves, and the table we write ourselves."""

import io
import math

import numpy as np
import pandas as pd
import pytest
from tool_tables import bump, openface_row, openface_rows, times, write_table

from emoreason.errors import RecordError
from emoreason.formats.openface import read_openface, write_openface
from emoreason.records import Cue, Curve

SMILE = {"AU12_r": bump(3.0, 3.4)}


def read(path, fps=None):
    with open(path, "rb") as file:
        return read_openface(file, fps)


def noted(table) -> str:
    return "; ".join(table.notes)


def test_a_real_shaped_table_is_read(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", openface_rows(SMILE)))
    assert (table.tool, table.full_scale, len(table.times_s)) == ("openface", 5.0, 150)
    [track] = table.tracks
    assert track.tracked.all()
    assert track.confidence == pytest.approx(0.98)
    assert set(track.intensity) == {f"AU{n}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)}
    assert set(track.presence) == {"AU28"}
    assert track.intensity["AU12"].max() == pytest.approx(3.4, abs=0.001)
    assert table.times_s[int(np.argmax(track.intensity["AU12"]))] == pytest.approx(3.0)
    assert "AU28: presence only" in noted(table)


def test_negative_values_count_as_nothing_and_it_is_said(tmp_path) -> None:
    rows = openface_rows({"AU12_r": lambda time_s: -0.4 if time_s < 1 else 1.0})
    table = read(write_table(tmp_path / "clip.csv", rows))
    assert table.tracks[0].intensity["AU12"].min() == 0.0
    assert "25 negative action-unit values (down to -0.4) count as 0" in noted(table)


def test_hundredfold_values_are_divided_and_it_is_said(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", openface_rows({"AU12_r": bump(3.0, 340.0)})))
    assert table.tracks[0].intensity["AU12"].max() == pytest.approx(3.4, abs=0.01)
    assert "action-unit values reach 340: taken for hundredths of 0-5 and divided by 100" in noted(table)


def test_values_a_little_above_the_scale_are_cut(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", openface_rows({"AU12_r": bump(3.0, 5.6)})))
    assert table.tracks[0].intensity["AU12"].max() == 5.0
    assert "above 5" in noted(table)


def test_values_on_no_known_scale_are_refused(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", openface_rows({"AU12_r": bump(3.0, 90_000.0)}))
    with pytest.raises(RecordError, match="expected 0 to 5"):
        read(path)


def test_rows_that_openface_does_not_vouch_for_are_not_tracked(tmp_path) -> None:
    rows = openface_rows({"AU12_r": lambda _: 4.0})
    for row in rows[50:75]:
        row |= {"success": 0, "confidence": 0.03}
    for row in rows[100:110]:
        row |= {"confidence": 0.4}
    [track] = read(write_table(tmp_path / "clip.csv", rows)).tracks
    assert not track.tracked[50:75].any()
    assert not track.tracked[100:110].any()
    assert track.tracked.sum() == 115
    assert np.isnan(track.intensity["AU12"][60])


def test_several_faces_come_in_order_of_appearance_and_zero_rows_are_nobody(tmp_path) -> None:
    rows = []
    for number, time_s in enumerate(times(4.0), start=1):
        # FaceLandmarkVidMulti: a row of zeros for every slot of the tracker that follows nobody.
        late = time_s >= 1.0
        zeros = {"confidence": 0, "success": 0}
        rows.append(openface_row(number, time_s, SMILE if late else {}, face_id=0, **({} if late else zeros)))
        rows.append(openface_row(number, time_s, {"AU04_r": bump(2.0, 2.0)}, face_id=1))
        rows.append(openface_row(number, time_s, {}, face_id=2, **zeros))
    table = read(write_table(tmp_path / "clip.csv", rows))
    assert [track.label for track in table.tracks] == ["1", "0"]
    assert table.tracks[1].tracked.sum() == 75
    assert np.nanmax(table.tracks[1].intensity["AU4"]) == 0.0
    assert "1 of 3 face numbers were never tracked" in noted(table)


def test_rows_without_face_id_are_told_apart_by_their_order(tmp_path) -> None:
    rows = [openface_row(n, t, {"AU12_r": lambda _, h=h: h}) for n, t in enumerate(times(1.0), 1) for h in (1.0, 3.0)]
    columns = [name for name in rows[0] if name != "face_id"]
    table = read(write_table(tmp_path / "clip.csv", rows, columns=columns))
    assert [track.intensity["AU12"].max() for track in table.tracks] == [1.0, 3.0]
    assert "no face_id" in noted(table)


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding"),
    [
        (",", ".", "utf-8"),
        (";", ",", "utf-8-sig"),
        ("\t", ",", "utf-16"),
        (";", ".", "latin-1"),
        (", ", ".", "utf-8-sig"),
    ],
)
def test_locales_and_byte_order_marks(tmp_path, separator, decimal, encoding) -> None:
    rows = openface_rows(SMILE)
    path = write_table(tmp_path / "clip.csv", rows, separator=separator, decimal=decimal, encoding=encoding)
    table = read(path)
    assert table.tracks[0].intensity["AU12"].max() == pytest.approx(3.4, abs=0.001)
    assert table.times_s[-1] == pytest.approx(5.96)
    if separator.strip() not in (",",):
        assert "columns read with" in noted(table)


def test_decimal_commas_between_commas_are_refused_not_shifted(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", openface_rows(SMILE), separator=",", decimal=",")
    with pytest.raises(RecordError, match="decimal commas needs semicolons"):
        read(path)


def test_windows_builds_write_nan_in_their_own_way(tmp_path) -> None:
    rows = openface_rows(SMILE)
    for row in rows[:10]:
        row |= {"AU12_r": "-nan(ind)", "pose_Rx": "inf"}
    table = read(write_table(tmp_path / "clip.csv", rows))
    assert np.isnan(table.tracks[0].intensity["AU12"][:10]).all()
    assert np.isnan(table.tracks[0].angles_deg["pitch"][:10]).all()
    assert not np.isnan(table.tracks[0].intensity["AU12"][10:]).any()


def test_without_timestamps_the_clip_gives_the_frame_rate(tmp_path) -> None:
    rows = openface_rows(SMILE)
    columns = [name for name in rows[0] if name != "timestamp"]
    path = write_table(tmp_path / "clip.csv", rows, columns=columns)
    table = read(path, fps=25.0)
    assert table.times_s[0] == 0.0
    assert table.times_s[-1] == pytest.approx(5.96)
    assert "no timestamps: times are frame numbers at the clip's 25 frames per second" in noted(table)
    with pytest.raises(RecordError, match="give it together with its clip"):
        read(path)


@pytest.mark.parametrize("stamp", [lambda n: "0", lambda n: f"{n / 1000:.3f}"])
def test_timestamps_that_are_no_times_are_not_believed(tmp_path, stamp) -> None:
    # Image folders have zeros; OpenFace 1 wrote thousandths of the frame number.
    rows = openface_rows(SMILE)
    for number, row in enumerate(rows):
        row["timestamp"] = stamp(number)
    table = read(write_table(tmp_path / "clip.csv", rows), fps=25.0)
    assert table.times_s[-1] == pytest.approx(5.96)
    assert "timestamps that are no times" in noted(table)


def test_a_picture_table_is_one_moment(tmp_path) -> None:
    # FaceLandmarkImg: face, confidence, no frame, no timestamp, no success.
    rows = [{"face": n, "confidence": 0.9, "AU12_r": 2.5, "AU12_c": 1} for n in (0, 1)]
    table = read(write_table(tmp_path / "face.csv", rows, separator=","))
    assert table.times_s.tolist() == [0.0]
    assert len(table.tracks) == 2


def test_a_table_of_presences_only(tmp_path) -> None:
    rows = [{"frame": n, "timestamp": t, "AU12_c": int(1 <= t < 2)} for n, t in enumerate(times(3.0), 1)]
    [track] = read(write_table(tmp_path / "clip.csv", rows, separator=",")).tracks
    assert not track.intensity
    assert track.presence["AU12"].sum() == 25


def test_angles_turn_into_degrees_with_our_signs(tmp_path) -> None:
    # OpenFace: x right, y down, z away from the camera; Ry > 0 turns to the person's right, Rx > 0 down.
    pose = {"pose_Rx": lambda _: 0.2, "pose_Ry": lambda _: 0.5, "pose_Rz": lambda _: -0.1}
    [track] = read(write_table(tmp_path / "clip.csv", openface_rows(pose))).tracks
    for axis, expected in (("yaw", -0.5), ("pitch", -0.2), ("roll", 0.1)):
        assert track.angles_deg[axis] == pytest.approx(math.degrees(expected))


def test_gaze_becomes_relative_to_the_head(tmp_path) -> None:
    # The head is turned to the person's right, the eyes stay on the camera: in the head they look to the left.
    pose = {"pose_Ry": lambda _: 0.5}
    [track] = read(write_table(tmp_path / "clip.csv", openface_rows(pose))).tracks
    assert track.angles_deg["gaze_yaw"] == pytest.approx(math.degrees(0.5), abs=0.01)
    assert track.angles_deg["gaze_pitch"] == pytest.approx(0.0, abs=0.01)


def test_angles_in_degrees_are_left_out_not_misread(tmp_path) -> None:
    table = read(write_table(tmp_path / "clip.csv", openface_rows({"pose_Ry": lambda _: 25.0})))
    assert not table.tracks[0].angles_deg
    assert "no radians" in noted(table)


def test_absent_columns_are_absent_not_zero(tmp_path) -> None:
    columns = ["frame", "timestamp", "confidence", "success", "AU12_r"]
    table = read(write_table(tmp_path / "clip.csv", openface_rows(SMILE), columns=columns))
    assert set(table.tracks[0].intensity) == {"AU12"}
    assert not table.tracks[0].angles_deg
    assert "no head pose" in noted(table)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"frame,AU12_r\n", "no rows"),
        (b"a,b\n1,2\n", "no OpenFace table"),
        (b"\x00\x01\x02" * 100, "no text file"),
        (",".join(f"AU{n}_r" for n in range(30_000)).encode() + b"\n1\n", "30000 columns, more than the limit"),
        (b"AU12_r," * 300_000, "first line is longer than 1 MiB"),
        (b"frame,timestamp,AU12_r\n1,-5,1\n2,-4,1\n", "no row with a time"),
    ],
)
def test_hostile_tables_give_one_line(tmp_path, data, message) -> None:
    path = tmp_path / "clip.csv"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_more_faces_than_people_are_refused(tmp_path) -> None:
    rows = [{"frame": 1, "face_id": n, "timestamp": 0, "AU12_r": 1} for n in range(60)]
    path = write_table(tmp_path / "clip.csv", rows, separator=",")
    with pytest.raises(RecordError, match="more than 50 faces"):
        read(path)


def _curves(subject: str, codes: dict[str, list[float | None]], moments: list[float]) -> list[Curve]:
    units = {"yaw": ("head", "deg"), "pitch": ("head", "deg"), "roll": ("head", "deg")}
    return [
        Curve(
            modality=units.get(code, ("face", ""))[0], code=code, subject=subject, unit=units.get(code, ("", "0-5"))[1],
            times_s=tuple(moments), values=tuple(values),
        )
        for code, values in codes.items()
    ]  # fmt: skip


def test_our_table_opens_in_pandas_and_reads_back(tmp_path) -> None:
    moments = times(4.0)
    smile = [bump(2.0, 3.0)(t) for t in moments]
    smile[:5] = [None] * 5
    curves = _curves("face1", {"AU12": smile, "yaw": [20.0] * 100, "pitch": [-5.0] * 100, "roll": [3.0] * 100}, moments)
    curves += [
        Curve(modality="gaze", code=axis, subject="face1", unit="deg", times_s=tuple(moments), values=(angle,) * 100)
        for axis, angle in (("yaw", -8.0), ("pitch", 4.0))
    ]
    cues = [Cue(id="face1.AU12.1", modality="face", code="AU12", start_s=1.2, end_s=2.8, subject="face1")]
    buffer = io.StringIO()
    [lost] = write_openface(curves, cues, buffer)
    assert "landmarks" in lost
    (tmp_path / "ours.csv").write_text(buffer.getvalue())

    frame = pd.read_csv(tmp_path / "ours.csv")
    assert list(frame.columns[:5]) == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert frame.success.tolist() == [0] * 5 + [1] * 95
    assert frame.AU12_c.sum() == 41
    assert np.degrees(frame.pose_Ry[10]) == pytest.approx(-20.0, abs=0.01)

    table = read(tmp_path / "ours.csv")
    assert "confidence is only 0 and 1" in noted(table)
    [track] = table.tracks
    assert np.isnan(track.confidence).all()
    assert track.tracked.tolist() == [False] * 5 + [True] * 95
    assert track.intensity["AU12"][5:] == pytest.approx(np.array(smile[5:], float), abs=0.0006)
    for axis, angle in (("yaw", 20), ("pitch", -5), ("roll", 3), ("gaze_yaw", -8), ("gaze_pitch", 4)):
        assert track.angles_deg[axis][5:] == pytest.approx(angle, abs=0.02)


def test_several_people_are_written_with_face_ids() -> None:
    moments = times(1.0)
    curves = _curves("face1", {"AU12": [1.0] * 25}, moments) + _curves(
        "face2", {"AU12": [None] * 10 + [2.0] * 15}, moments
    )
    buffer = io.StringIO()
    write_openface(curves, [], buffer)
    frame = pd.read_csv(io.StringIO(buffer.getvalue()))
    assert frame.groupby("face_id").size().to_dict() == {0: 25, 1: 15}


def test_there_must_be_something_to_write() -> None:
    with pytest.raises(RecordError, match="no face curves"):
        write_openface([], [], io.StringIO())
