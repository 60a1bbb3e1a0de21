"""Other tools' faces as cues: known truth in, the event's times and strength out; what is not known stays unknown."""

import io

import numpy as np
import pytest
from tool_tables import bump, mediapipe_face, openface_row, openface_rows, pyfeat_row, times, write_json, write_table

from emoreason.cues.extractor import Extraction, Job, Settings
from emoreason.cues.face.events import find_events
from emoreason.cues.imports.face import FaceImporter, face_extraction, import_face, read_face_table
from emoreason.cues.imports.place import ImportedFileError
from emoreason.cues.wording import cue_text
from emoreason.formats.openface import write_openface
from emoreason.records import Clip, Cue, CueSet, Curve
from emoreason.records.convert import from_json, to_json

#: Where a bump has fallen to a tenth of its height, in widths from its apex.
FOOT = 1.517


def gathered(path):
    found = import_face(path)
    assert from_json(to_json(found.cueset), CueSet) == found.cueset
    return found


def by_code(cueset: CueSet, code: str, subject: str = "face1") -> list[Cue]:
    return [cue for cue in cueset.cues if cue.code == code and cue.subject == subject]


def test_a_known_movement_gives_its_times_and_strength(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", openface_rows({"AU12_r": bump(3.0, 3.4)}))
    [smile] = by_code(gathered(path).cueset, "AU12")
    assert smile.start_s == pytest.approx(3.0 - FOOT * 0.5, abs=0.05)
    assert smile.apex_s == pytest.approx(3.0, abs=0.02)
    assert smile.end_s == pytest.approx(3.0 + FOOT * 0.5, abs=0.05)
    assert (smile.value, smile.unit, smile.level) == (3.4, "0-5", "strongly")
    assert (smile.confidence, smile.source, smile.marks) == (0.98, "openface", ("other_scale",))
    assert "measured by another tool on its own scale" in cue_text(smile)


def test_absent_is_what_was_looked_for_and_unknown_what_was_not(tmp_path) -> None:
    rows = openface_rows({"AU12_r": bump(3.0, 3.4), "AU04_r": bump(2.0, 0.7)})
    columns = ["frame", "timestamp", "confidence", "success", "AU04_r", "AU12_r"]
    cueset = gathered(write_table(tmp_path / "clip.csv", rows, columns=columns)).cueset
    [brow] = by_code(cueset, "AU4")  # below 0.8: not an event
    assert (brow.state, brow.start_s, brow.end_s, brow.confidence) == ("absent", 0.0, 5.96, 0.98)
    for code in ("AU1", "AU25", "AU18"):
        [cue] = by_code(cueset, code)
        assert (cue.state, cue.confidence) == ("unknown", None)


def test_presence_without_intensity_has_times_and_no_value(tmp_path) -> None:
    rows = openface_rows({"AU12_r": bump(3.0, 3.4)})
    for number, row in enumerate(rows):
        row["AU28_c"] = int(50 <= number < 75 and number != 60)  # one frame of flicker
    [suck] = by_code(gathered(write_table(tmp_path / "clip.csv", rows)).cueset, "AU28")
    assert (suck.state, suck.value, suck.level, suck.apex_s) == ("present", None, None, None)
    assert (suck.start_s, suck.end_s) == (2.0, 2.96)


def test_untracked_frames_are_gaps_and_no_event_reaches_across(tmp_path) -> None:
    rows = openface_rows({"AU12_r": lambda _: 3.0})
    for row in rows[50:75]:
        row |= {"success": 0, "confidence": 0.02}
    cueset = gathered(write_table(tmp_path / "clip.csv", rows)).cueset
    assert [(cue.start_s, cue.end_s) for cue in by_code(cueset, "AU12")] == [(0.0, 1.96), (3.0, 5.96)]
    [gap] = [gap for gap in cueset.gaps if gap.reason == "no_face"]
    assert (gap.start_s, gap.end_s, gap.subject) == (2.0, 2.96, "face1")
    assert "success 0" in (gap.detail or "")


def test_a_frame_lost_on_the_way_does_not_make_two_smiles_of_one(tmp_path) -> None:
    rows = openface_rows({"AU12_r": bump(3.0, 3.4)})
    rows[74] |= {"success": 0, "confidence": 0.02}
    cueset = gathered(write_table(tmp_path / "clip.csv", rows)).cueset
    [smile] = by_code(cueset, "AU12")
    assert (smile.start_s, smile.end_s) == (pytest.approx(2.24, abs=0.05), pytest.approx(3.76, abs=0.05))
    assert not [gap for gap in cueset.gaps if gap.reason == "no_face"]


def test_faces_are_numbered_in_order_of_appearance(tmp_path) -> None:
    rows = []
    for number, time_s in enumerate(times(4.0), start=1):
        late = time_s >= 2.0
        rows.append(openface_row(number, time_s, {"AU12_r": bump(3.0, 3.0)}, face_id=0, success=int(late)))
        rows.append(openface_row(number, time_s, {"AU04_r": bump(2.0, 2.0)}, face_id=1))
    found = gathered(write_table(tmp_path / "clip.csv", rows))
    [frown], [smile] = by_code(found.cueset, "AU4", "face1"), by_code(found.cueset, "AU12", "face2")
    assert (frown.state, smile.state, by_code(found.cueset, "AU4", "face2")[0].state) == (
        "present",
        "present",
        "absent",
    )
    assert any(gap.reason == "several_faces" for gap in found.cueset.gaps)
    [counts] = [curve for curve in found.curves if curve.code == "n_faces"]
    assert (counts.values[0], counts.values[-1]) == (1.0, 2.0)


def test_a_table_without_any_face(tmp_path) -> None:
    rows = [row | {"success": 0, "confidence": 0} for row in openface_rows({})]
    cueset = gathered(write_table(tmp_path / "clip.csv", rows)).cueset
    assert not cueset.cues
    assert [gap.reason for gap in cueset.gaps] == ["imported", "no_face"]


def test_head_and_gaze_are_cues_in_degrees(tmp_path) -> None:
    rows = openface_rows({"pose_Ry": lambda t: 0.5 if 2 <= t < 3 else 0.0})
    cueset = gathered(write_table(tmp_path / "clip.csv", rows)).cueset
    [turn] = [cue for cue in cueset.cues if cue.modality == "head"]
    assert (turn.code, turn.direction, turn.unit, turn.source) == ("yaw", "right", "deg", "openface")
    assert (turn.start_s, turn.end_s) == (2.0, 2.96)
    assert turn.value == pytest.approx(-28.6, abs=0.1)


def test_angles_come_back_as_the_tool_had_them(tmp_path) -> None:
    """Cues of height count from the person's own median, curves do not."""
    moved = {"pose_Rx": lambda t: 0.2 + 0.05 * t, "pose_Ry": bump(3.0, 0.4), "gaze_angle_y": lambda _: 0.15}
    path = write_table(tmp_path / "clip.csv", openface_rows(moved | {"AU12_r": bump(3.0, 3.4)}))
    out = io.StringIO()
    write_openface(import_face(path).curves, (), out)
    (tmp_path / "again.csv").write_text(out.getvalue())
    [before], [after] = (read_face_table(tmp_path / name).tracks for name in ("clip.csv", "again.csv"))
    for angle, curve in before.angles_deg.items():
        assert after.angles_deg[angle] == pytest.approx(curve, abs=0.05), angle


def test_mouth_movements_during_speech_say_so(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", openface_rows({"AU25_r": bump(3.0, 3.0), "AU04_r": bump(3.0, 3.0)}))
    talk = Cue(id="speech.segment.1", modality="speech", code="segment", start_s=2.0, end_s=4.0)
    job = Job(
        Clip(id="clip", path="clip.mp4", duration_s=6.0, fps=25.0), Settings(face_csv=str(path)), Extraction((talk,))
    )
    importer = FaceImporter()
    importer.begin(job)
    marks = {cue.code: cue.marks for cue in importer.finish(job).cues if cue.state == "present"}
    assert marks["AU25"] == ("during_speech", "other_scale")
    assert marks["AU4"] == ("other_scale",)


def test_probabilities_get_no_intensity_word(tmp_path) -> None:
    rows = [pyfeat_row(n, {12: bump(3.0, 0.9)(t)}) for n, t in enumerate(times(6.0))]
    cueset = gathered(write_table(tmp_path / "clip.csv", rows, separator=",")).cueset
    [smile] = by_code(cueset, "AU12")
    assert (smile.value, smile.unit, smile.level, smile.source) == (4.5, "0-5", None, "pyfeat")
    assert smile.apex_s == pytest.approx(3.0, abs=0.1)
    assert not [cue for cue in cueset.cues if "happiness" in cue.code]
    assert by_code(cueset, "AU45")[0].state == "unknown"


def test_a_network_that_never_says_zero_does_not_stretch_the_event(tmp_path) -> None:
    smile = bump(3.0, 0.9)
    rows = [pyfeat_row(n, {12: 0.1 + 0.9 * smile(t)}) for n, t in enumerate(times(6.0))]
    (raised,) = by_code(gathered(write_table(tmp_path / "raised.csv", rows)).cueset, "AU12")
    rows = [pyfeat_row(n, {12: smile(t)}) for n, t in enumerate(times(6.0))]
    (plain,) = by_code(gathered(write_table(tmp_path / "plain.csv", rows)).cueset, "AU12")
    assert raised.start_s == pytest.approx(plain.start_s, abs=0.09)
    assert raised.end_s == pytest.approx(plain.end_s, abs=0.09)
    assert raised.value == pytest.approx(0.5 + 0.9 * plain.value, abs=0.01)


def test_blendshapes_become_action_units_on_their_own_scale(tmp_path) -> None:
    frames = [
        {"timestamp_ms": 1000 * t, "faceBlendshapes": [mediapipe_face(mouthSmileLeft=bump(3.0, 0.8)(t))]}
        for t in times(6.0)
    ]
    found = gathered(write_json(tmp_path / "clip.json", frames))
    [smile] = by_code(found.cueset, "AU12")
    assert (smile.value, smile.level, smile.source, smile.confidence) == (4.0, None, "blendshapes", None)
    assert smile.apex_s == pytest.approx(3.0, abs=0.02)
    [imported] = [gap for gap in found.cueset.gaps if gap.reason == "imported"]
    assert "coefficients 0-1" in (imported.detail or "")


def test_a_picture_has_moments(tmp_path) -> None:
    rows = [{"face": 0, "confidence": 0.9, "AU12_r": 2.5, "AU04_r": 0.1}]
    cueset = gathered(write_table(tmp_path / "face.csv", rows, separator=",")).cueset
    [smile] = by_code(cueset, "AU12")
    assert (smile.start_s, smile.end_s, smile.value) == (0.0, 0.0, 2.5)
    assert by_code(cueset, "AU4")[0].state == "absent"


def test_our_own_export_gives_the_same_events(tmp_path) -> None:
    """Tolerance: one frame for onset and offset, a tenth of one for the apex, 0.005 for the intensity."""
    moments = np.array(times(8.0))
    rng = np.random.default_rng(3)
    known = {
        "AU12": np.array([bump(2.0, 3.4)(t) + bump(5.5, 1.6, 0.3)(t) for t in moments]),
        "AU4": np.clip(np.array([bump(4.0, 2.2, 0.8)(t) for t in moments]) + rng.normal(0, 0.02, 200), 0, 5),
    }
    curves = [
        Curve(
            modality="face",
            code=code,
            subject="face1",
            unit="0-5",
            times_s=tuple(moments),
            values=tuple(values.tolist()),
        )
        for code, values in known.items()
    ]
    buffer = io.StringIO()
    write_openface(curves, [], buffer)
    (tmp_path / "ours.csv").write_text(buffer.getvalue())
    cueset = gathered(tmp_path / "ours.csv").cueset
    for code, values in known.items():
        expected = find_events(moments, values, 0.8)
        cues = by_code(cueset, code)
        assert len(cues) == len(expected) > 0
        for cue, event in zip(cues, expected, strict=True):
            assert cue.start_s == pytest.approx(event.onset_s, abs=0.041)
            assert cue.end_s == pytest.approx(event.offset_s, abs=0.041)
            assert cue.apex_s == pytest.approx(event.apex_s, abs=0.004)
            assert cue.value == pytest.approx(event.peak, abs=0.0051)


def test_a_table_shorter_than_its_clip_leaves_a_gap(tmp_path) -> None:
    table = read_face_table(write_table(tmp_path / "clip.csv", openface_rows({})))
    gaps = face_extraction(table, "clip.csv", (), 10.0).gaps
    [gap] = [gap for gap in gaps if gap.reason == "not_covered"]
    assert (gap.start_s, gap.end_s) == (5.96, 10.0)
    assert "0.00-5.96 s of a clip of 10.00 s" in (gap.detail or "")
    assert not [gap for gap in face_extraction(table, "clip.csv", (), 6.0).gaps if gap.reason == "not_covered"]


def test_a_table_longer_than_its_clip_is_cut_and_one_of_another_clip_refused(tmp_path) -> None:
    path = write_table(tmp_path / "clip.csv", openface_rows({"AU12_r": bump(5.0, 3.0)}))
    importer = FaceImporter()
    job = Job(Clip(id="clip", path="clip.mp4", duration_s=3.0), Settings(face_csv=str(path)))
    importer.begin(job)
    found = importer.finish(job)
    assert max(cue.end_s or 0 for cue in found.cues) == 3.0  # no cue may reach beyond its clip
    assert any("later rows are left out" in (gap.detail or "") for gap in found.gaps)
    late = [row | {"timestamp": 60 + float(row["timestamp"])} for row in openface_rows({})]
    job.settings = Settings(face_csv=str(write_table(tmp_path / "late.csv", late)))
    with pytest.raises(ImportedFileError, match="belongs to another one"):
        importer.begin(job)


def test_a_folder_holds_a_table_per_clip(tmp_path) -> None:
    write_table(tmp_path / "b.csv", openface_rows({}))
    importer = FaceImporter()
    importer.begin(Job(Clip(id="b", path="clips/b.mp4", duration_s=6.0), Settings(face_csv=str(tmp_path))))
    with pytest.raises(ImportedFileError, match=r"holds no a\.csv or a\.json"):
        importer.begin(Job(Clip(id="a", path="clips/a.mp4", duration_s=6.0), Settings(face_csv=str(tmp_path))))


@pytest.mark.parametrize(
    "data", [b"a,b\n1,2\n", b"", b"\x89PNG\r\n\x1a\n\x00\x00", b"{", b"[" * 10_000, b"\xff\xfe\x00"]
)
def test_files_that_are_no_face_table_give_one_line_with_their_name(tmp_path, data) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(data)
    with pytest.raises(ImportedFileError, match=r"wrong\.csv: ") as caught:
        read_face_table(path)
    assert "\n" not in str(caught.value)


def test_times_that_no_recording_has_are_left_out(tmp_path) -> None:
    rows = openface_rows({"AU12_r": bump(3.0, 3.4)})
    rows[-1]["timestamp"] = rows[-2]["timestamp"] = "1e300"
    cueset = gathered(write_table(tmp_path / "clip.csv", rows)).cueset
    assert cueset.clip.duration_s == 5.88
    assert "2 rows without a time are left out" in (cueset.gaps[0].detail or "")


def test_a_missing_file_says_so(tmp_path) -> None:
    with pytest.raises(ImportedFileError, match="cannot be opened"):
        read_face_table(tmp_path / "none.csv")
