"""Figures of cues: what is drawn for which clip, the same bytes every time, no global state, no markup."""

import io
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from emoreason.records import Claim, Clip, Cue, CueSet, Curve, Explanation, Gap
from emoreason.records.timeline import Timeline
from emoreason.records.timeline.panels import thinned

ODD = "$x^{$ \\frac <b> \x07 \udcff\n 微笑"


def face(code: str, start_s: float, end_s: float, value: float | None = 3.0, subject: str = "face1", **more) -> Cue:
    return Cue(
        id=f"{subject}.{code}.{start_s}", modality="face", code=code, value=value, unit="0-5", start_s=start_s,
        end_s=end_s, apex_s=(start_s + end_s) / 2, subject=subject, **more,
    )  # fmt: skip


CURVE = Curve(
    modality="face",
    code="AU12",
    subject="face1",
    unit="0-5",
    times_s=(0.0, 1.0, 2.0, 3.0),
    values=(0.0, 3.0, None, 0.1),
)
CLIP = CueSet(
    clip=Clip(id="clip.mp4", duration_s=10.0, has_video=True, has_audio=True),
    cues=(
        face("AU12", 1.0, 2.0),
        face("AU1", 1.0, 1.5, marks=("during_speech",)),
        face("AU45", 3.0, 3.2),
        face("AU4", 0.0, 10.0, None, marks=("presence_only", "low_confidence")),
        Cue(id="n", modality="face", code="AU15", state="absent", start_s=0.0, end_s=10.0, subject="face1"),
        Cue(id="h", modality="head", code="yaw", direction="left", start_s=4.0, end_s=5.0, subject="face1"),
        face("AU6", 6.0, 7.0, subject="face2"),
        Cue(id="f0.1", modality="voice", code="f0_mean", value=210.0, unit="Hz", start_s=0.0, end_s=9.0),
        Cue(id="f0.2", modality="voice", code="f0_mean", value=200.0, unit="Hz", start_s=0.0, end_s=4.0),
        Cue(id="f0.3", modality="voice", code="f0_mean", value=220.0, unit="Hz", start_s=5.0, end_s=9.0),
        Cue(id="l", modality="voice", code="loudness", value=-20.0, unit="dB", start_s=0.0, end_s=4.0),
        Cue(id="p", modality="voice", code="pause", value=1.0, unit="s", start_s=4.0, end_s=5.0),
        Cue(id="s", modality="speech", code="segment", start_s=0.0, end_s=4.0),
        Cue(id="u", modality="speech", code="utterance", text="Hello you", start_s=0.0, end_s=4.0),
        Cue(id="shot", modality="scene", code="shot", start_s=0.0, end_s=10.0),
        Cue(id="key", modality="scene", code="keyframe", start_s=2.0, end_s=2.0),
    ),
    gaps=(
        Gap(modality="gaze", reason="too_small"),
        Gap(modality="face", reason="left_frame", subject="face1", start_s=8.0, end_s=10.0),
    ),
)
EXPLANATION = Explanation(
    clip="clip.mp4",
    claims=(
        Claim(sentence="a [face1.AU12.1.0].", cue_ids=("face1.AU12.1.0",), start_s=1.0, end_s=2.0),
        Claim(sentence="b [h].", cue_ids=("h",), start_s=4.0, end_s=5.0),
        Claim(sentence="c [face1.AU12.1.0].", cue_ids=("face1.AU12.1.0",), start_s=1.0, end_s=2.0),
        Claim(sentence="no time"),
    ),
)


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]


def labels(figure: Figure, title: str) -> list[str]:
    axes = next(axes for axes in figure.axes if axes.get_title(loc="left") == title)
    return [label.get_text() for label in axes.get_yticklabels()]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_a_clip_with_everything() -> None:
    figure = CLIP.plot(curves=(CURVE,), explanation=EXPLANATION)
    assert titles(figure) == ["face1", "face2", "pitch (F0)", "loudness", "speech", "scene", "claims"]
    assert labels(figure, "face1") == ["AU1", "AU4", "AU12", "AU45 (blink)", "head yaw"]
    assert labels(figure, "speech") == ["speech", "words", "pauses"]
    said = words(figure)
    assert "1, 3" in said  # claims over one span share a bracket
    assert " left" in said
    assert "Hello you" in said
    assert "not observed: gaze (too small)" in said
    assert "hatched: the mouth was talking" in said
    assert "red: cited by a claim" in said
    assert "AU15" not in said  # looked for and not there is no event


def test_the_finest_levels_are_drawn() -> None:
    axes = next(axes for axes in CLIP.plot().axes if axes.get_title(loc="left") == "pitch (F0)")
    assert [line.get_ydata()[0] for line in axes.get_lines()] == [200.0, 220.0]


def test_codes_people_and_times_can_be_chosen() -> None:
    figure = CLIP.plot(codes=["AU12", "voice"], subjects=["face1"], start_s=1.0, end_s=3.0, width_in=3.5)
    assert titles(figure) == ["face1", "pitch (F0)", "loudness", "speech"]
    assert labels(figure, "face1") == ["AU12"]
    assert figure.axes[0].get_xlim() == (1.0, 3.0)
    assert figure.get_figwidth() == 3.5


def test_curves_of_head_gaze_and_voice_get_panels() -> None:
    def curve(modality: str, code: str, subject: str | None, unit: str) -> Curve:
        return Curve(
            modality=modality, code=code, subject=subject, unit=unit, times_s=(0.0, 1.0, 2.0), values=(1.0, None, 2.0)
        )

    curves = [curve("head", code, "face1", "deg") for code in ("yaw", "pitch", "roll")]
    curves += [
        curve("gaze", "yaw", "face1", "deg"),
        curve("voice", "f0", None, "Hz"),
        curve("face", "n_faces", None, "count"),
    ]
    figure = CueSet(clip=Clip(id="c", duration_s=2.0)).plot(curves=curves)
    assert titles(figure) == ["face1: head", "face1: gaze", "pitch (F0)"]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["yaw", "pitch", "roll"]
    assert len({line.get_linestyle() for line in figure.axes[0].get_lines()}) == 3  # told apart without colour


def test_audio_only() -> None:
    voice = tuple(cue for cue in CLIP.cues if cue.modality in ("voice", "speech"))
    gaps = (Gap(modality="face", reason="no_video_track"),)
    figure = CueSet(clip=Clip(id="a.wav", duration_s=9.0, has_video=False), cues=voice, gaps=gaps).plot()
    assert titles(figure) == ["pitch (F0)", "loudness", "speech"]
    assert "face (no video track)" in words(figure)
    assert len(figure.axes) == 3  # no scale of intensities: nothing has one


def test_a_picture_gets_bars_and_says_what_has_none() -> None:
    cues = (
        face("AU12", 0.0, 0.0, 4.0),
        face("AU6", 0.0, 0.0, None),
        Cue(id="n", modality="face", code="AU4", state="absent", subject="face1", start_s=0.0, end_s=0.0),
        Cue(id="o", modality="face", code="AU10", state="unknown", subject="face1", start_s=0.0, end_s=0.0),
    )
    figure = CueSet(clip=Clip(id="p.png", duration_s=0.0), cues=cues).plot()
    assert labels(figure, "face1") == ["AU12", "AU10", "AU6", "AU4"]  # from the bottom up
    said = words(figure)
    for part in ("not there", "could not be measured", "present", "intensity (0-5)"):
        assert part in said


def test_coded_cues_without_any_time_are_bars_and_without_some_are_named() -> None:
    timeless = Cue(id="1", modality="face", code="AU6", value=2.0)
    assert labels(CueSet(clip=Clip(id="p1"), cues=(timeless,)).plot(), "person") == ["AU6"]
    both = CueSet(clip=Clip(id="p2"), cues=(timeless, face("AU12", 1.0, 2.0))).plot()
    assert "without a time: AU6" in words(both)


def test_many_people_each_get_a_panel() -> None:
    cues = tuple(face("AU12", 1.0, 2.0, subject=f"face{number}") for number in range(1, 9))
    figure = CueSet(clip=Clip(id="group.mp4", duration_s=4.0), cues=cues).plot()
    assert titles(figure) == [f"face{number}" for number in range(1, 9)]


def test_nothing_to_draw_is_said() -> None:
    figure = CueSet(clip=Clip(id="c.mp4", duration_s=4.0), gaps=(Gap(modality="face", reason="no_face"),)).plot()
    assert "no cue to draw" in words(figure)
    assert "face (no face)" in words(figure)
    figure._repr_png_()


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_cues_give_the_same_bytes(form: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        CLIP.plot(curves=(CURVE,), explanation=EXPLANATION).savefig(tmp_path / f"{name}.{form}")
    data = (tmp_path / f"a.{form}").read_bytes()
    assert data == (tmp_path / f"b.{form}").read_bytes()
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])


def test_notebooks_show_a_figure_by_itself() -> None:
    assert CLIP.plot()._repr_png_().startswith(b"\x89PNG")


def test_pyplot_and_settings_stay_untouched() -> None:
    before = dict(mpl.rcParams)
    CLIP.plot().savefig(io.BytesIO(), format="svg")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys; from emoreason.records import Clip, CueSet; CueSet(clip=Clip(id='c')).plot();"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_it_can_be_part_of_a_figure_of_ones_own() -> None:
    whole = Figure(figsize=(8, 8), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert CLIP.plot(figure=left) is left
    right.subplots().plot([1, 2])
    assert not isinstance(whole, Timeline)
    whole.savefig(io.BytesIO())


def test_text_of_a_clip_is_drawn_as_it_is() -> None:
    cues = (
        Cue(id="1", modality="face", code=ODD, direction=ODD, subject=ODD, start_s=0.0, end_s=1.0),
        Cue(id="2", modality="speech", code="utterance", text=ODD, start_s=0.0, end_s=9.0),
    )
    cueset = CueSet(
        clip=Clip(id=ODD, duration_s=9.0), cues=cues, gaps=(Gap(modality="gaze", reason="no_face", subject=ODD),)
    )
    figure = cueset.plot(
        curves=(Curve(modality="head", code=ODD, subject=ODD, times_s=(0.0, 1.0), values=(1.0, 2.0)),) * 2
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # where no Chinese font is installed
        figure._repr_png_()
        figure.savefig(io.BytesIO(), format="svg")
    assert "$x^{$" in words(figure)
    assert "\x07" not in words(figure)


def test_a_long_curve_keeps_its_peaks() -> None:
    values = [0.0] * 90_000
    values[40_001] = 5.0
    values[50_000:60_000] = [None] * 10_000
    times = tuple(number / 25 for number in range(90_000))
    at, heights = thinned(Curve(modality="face", code="AU12", times_s=times, values=tuple(values)))
    assert len(at) <= 2_100
    assert heights[at == 40_001 / 25] == 5.0
    assert (heights != heights).any()  # the missing stretch is still missing
