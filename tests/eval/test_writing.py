"""What an evaluation is written as: report.json against its schema, tables for papers."""

import json
from datetime import UTC, datetime

import pytest

from emoreason.errors import RecordError
from emoreason.eval.outcome import (
    Comparison,
    EvalReport,
    Group,
    MeasureOutcome,
    PairedDifference,
    Subgroups,
    SuiteOutcome,
    System,
)
from emoreason.eval.pictures import Bars, Lines, Matrix
from emoreason.eval.sample import Gold, Prediction, join
from emoreason.eval.stats import Interval
from emoreason.eval.writing.latex import latex
from emoreason.eval.writing.markdown import markdown
from emoreason.eval.writing.report_json import report_text, report_value
from emoreason.eval.writing.values import json_value
from emoreason.records import Claim, Explanation, Reference

NAN = float("nan")
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def interval(value: float, low: float = NAN, high: float = NAN, n_clips: int = 2) -> Interval:
    return Interval(value=value, low=low, high=high, level=0.95, n_clips=n_clips, method="percentile")


def small_report() -> EvalReport:
    """Two clips, a system and a control; one number that does not exist."""
    golds = [
        Gold(
            clip="a", reference=Reference(emotion="anger", labels=("angry",)), speaker="s1", columns={"sex": "female"}
        ),
        Gold(clip="b", reference=Reference(emotion="sadness"), transcript="oh"),
    ]
    explanation = Explanation(clip="a", claims=(Claim(sentence="The brow is lowered.", cue_ids=("face1.AU4.1",)),))
    ours = [Prediction(clip="a", labels=("angry",), emotion="anger", explanation=explanation)]
    system = System(name="ours", predictions=ours, about="answers.jsonl")
    control = System(name="majority", predictions=[], kind="control", about="always anger")
    measure = MeasureOutcome(
        name="UAR",
        higher_is_better=True,
        values={"ours": interval(0.5, 0.0, 1.0), "majority": interval(NAN, n_clips=0)},
        differences=(
            PairedDifference(ours="ours", theirs="majority", interval=interval(0.25, 0, 0.5), p=0.01, p_holm=0.02),
        ),
    )
    second = MeasureOutcome(name="errors_%", higher_is_better=False, values={"ours": interval(0.125, 0.1, 0.2)})
    pictures = (
        Matrix(title="confusion", rows=["anger"], columns=["anger"], values=[[None]]),
        Lines(title="risk", x_title="coverage", y_title="risk", series={"ours": [(0.0, NAN), (1.0, 0.5)]}),
        Bars(title="F1", value_title="F1", bars=[("anger", 0.5, None, None)]),
    )
    suite = SuiteOutcome(
        suite="closed-set",
        about="Classes.",
        settings={"classes": ("anger", "sadness")},
        measures=(measure, second),
        counts={"ours": {"clips": 2, "missing": 1}, "majority": {"clips": 2}},
        notes={"ours": ["one clip has no prediction"]},
        pictures={"ours": pictures},
        clips={
            "ours": {"a": {"right": True, "claims": [{"sentence": "The brow is lowered.", "verdict": "supported"}]}}
        },
        unscored={"majority": "it says nothing"},
    )
    return EvalReport(
        title="ours",
        systems=(system, control),
        suites=(suite,),
        subgroups=(
            Subgroups(
                column="sex",
                suite="closed-set",
                measure="UAR",
                higher_is_better=True,
                groups=(Group(name="female", n_clips=1, values={"ours": interval(1.0)}),),
                spread={"ours": NAN},
            ),
        ),
        comparisons=(
            Comparison(
                suite="closed-set",
                measure="UAR",
                picture=Matrix(title="wins", rows=["ours"], columns=["ours"], values=[[None]]),
                ranking=("ours",),
            ),
        ),
        not_measured={"judges": "no judge was given"},
        samples={"ours": join(golds, ours)},
        manifest={"seed": 0},
    )


def test_report_json_fits_its_schema_and_says_null_where_there_is_no_number() -> None:
    value = json.loads(report_text(small_report(), made=MADE))
    assert (value["format"], value["made"]) == ("emoreason-eval/1", "2026-01-02T03:04:05+00:00")
    assert value["suites"][0]["measures"][0]["values"]["majority"]["value"] is None
    assert value["suites"][0]["pictures"]["ours"][1]["series"]["ours"][0] == [0.0, None]
    assert value["suites"][0]["measures"][0]["differences"][0] == {
        "ours": "ours", "theirs": "majority", "value": 0.25, "low": 0, "high": 0.5, "level": 0.95, "n_clips": 2,
        "p": 0.01, "p_holm": 0.02,
    }  # fmt: skip
    assert "informed" in value["notice"]


def test_clips_show_gold_prediction_claims_and_verdicts_side_by_side() -> None:
    first, second = report_value(small_report(), made=MADE)["clips"]
    assert first["gold"] == {"labels": ["angry"], "emotion": "anger"}
    assert first["columns"] == {"sex": "female", "speaker": "s1"}
    assert first["predicted"]["ours"]["labels"] == ["angry"]
    assert first["claims"]["ours"] == [{"sentence": "The brow is lowered.", "verdict": "supported", "cue_ids": []}]
    assert first["of_suites"] == {"closed-set": {"ours": {"right": True}}}
    assert second["predicted"]["ours"] == {"missing": True}
    assert second["gold"]["transcript"] == "oh"
    assert set(first["predicted"]) == {"ours"}  # controls are not shown clip by clip


def test_what_no_report_can_hold_is_refused() -> None:
    report = small_report()
    broken = MeasureOutcome(name="x", higher_is_better=None, values={"ours": interval(1.0, n_clips=-1)})
    suite = report.suites[0]
    wrong = SuiteOutcome(
        suite="s", about="", settings={}, measures=(broken,), counts={}, notes={}, pictures=suite.pictures
    )
    with pytest.raises(RecordError, match="n_clips"):
        report_value(EvalReport(title="x", systems=report.systems, suites=(wrong,)))


def test_json_values_of_numpy_and_lone_surrogates() -> None:
    import numpy as np

    assert json_value({"a": np.float64(np.inf), "b": np.array([1, 2]), "c": np.int64(3)}) == {
        "a": None,
        "b": [1, 2],
        "c": 3,
    }
    assert json_value("a\udc80") == "a?"


def test_markdown_has_every_table_and_what_was_not_measured() -> None:
    text = markdown(small_report())
    assert "| ours | 0.500 [0.000, 1.000] | 0.125 [0.100, 0.200] | 2 |" in text
    assert "| *majority* | – | – | 0 |" in text
    assert "| closed-set | UAR | ours - majority | 0.250 [0.000, 0.500] | .010 | .020 \\* |" in text
    assert "## By sex: closed-set, UAR" in text
    assert "- one clip has no prediction" in text
    assert "- Not measured: judges: no judge was given." in text
    assert "- Control majority: always anger" in text
    assert "informed" in text


def test_names_of_systems_cannot_leave_their_cells() -> None:
    measure = MeasureOutcome(name="a|b", higher_is_better=None, values={"<b>|x|\n`y`": interval(1.0)})
    system = System(name="<b>|x|\n`y`", predictions=[])
    odd = EvalReport(
        title="t",
        systems=(system,),
        suites=(
            SuiteOutcome(suite="s_%", about="", settings={}, measures=(measure,), counts={}, notes={}, pictures={}),
        ),
    )
    assert "| &lt;b>\\|x\\| \\`y\\` | 1.000 | 2 |" in markdown(odd)
    assert "\\caption{s\\_\\%}" in latex(odd)


def test_latex_parts_systems_from_controls_by_a_rule() -> None:
    text = latex(small_report())
    ours = text.index("ours & 0.500 {\\scriptsize [0.000, 1.000]}")
    assert ours < text.index("\\midrule", ours) < text.index("majority & --")
    assert "errors\\_\\% $\\downarrow$" in text
    assert text.count("\\begin{table}") == text.count("\\end{table}") == 2
