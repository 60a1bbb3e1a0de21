"""Counterfactual pairs: engines that follow cues, ignore them or lean on one are told apart; a file is used whole."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from planted_engines import Honest, Leaning, Unfaithful, planted_clips, reply_of, sure_of

from emoreason.data_synth.counterfactuals import make_counterfactuals
from emoreason.errors import ConfigError, RecordError, UpstreamError
from emoreason.eval.probes import ProbeResult, ProbeSettings, Trial, most_requests, run_probes
from emoreason.eval.probing.asking import Asker
from emoreason.eval.probing.counterfactual_lines import Counterfactual, read_counterfactuals, write_counterfactuals
from emoreason.eval.probing.counterfactuals import counterfactuals
from emoreason.eval.probing.result import Effect
from emoreason.eval.probing.variants import with_action
from emoreason.eval.sample import Gold
from emoreason.reasoning.engines import Reply, Request, load_engine
from emoreason.records import CueSet, Reference

CLIPS, _ = planted_clips(36)
#: Everybody smiles, whatever else is there.
SMILING = [with_action(cueset, "AU12", present=True) for cueset in CLIPS]
PAIRS = list(make_counterfactuals(SMILING, each=4))
TRUE, OTHER_WAY = "expected directions that came true", "expected directions that went the other way"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pairs") / "counterfactuals.jsonl"
    write_counterfactuals(PAIRS, path)
    return str(path)


def asked(engine: Any, file: str | None, golds: Any = None) -> ProbeResult:
    settings = ProbeSettings(counterfactuals=file, resamples=300)
    return counterfactuals(Trial([], golds, Asker(engine), settings))


def above(higher: Effect, lower: Effect) -> bool:
    """Whether all of one interval lies above all of the other."""
    return higher.interval.low > lower.interval.high


def test_engines_that_follow_cues_ignore_them_or_lean_are_told_apart(file: str) -> None:
    honest, ignoring, leaning = (asked(engine, file) for engine in (Honest(), Unfaithful(), Leaning()))
    assert above(honest.effect(TRUE), leaning.effect(TRUE))
    assert above(honest.effect(TRUE), ignoring.effect(TRUE))
    assert honest.effect("came true minus the other way").sure_above
    assert honest.sentence.startswith("Its answers move as a changed cue should move them")
    assert "cannot be told" in leaning.sentence
    assert ignoring.sentence.startswith("No expected class moves")
    assert ignoring.effect(TRUE).interval.method == "Wilson"
    assert [name for name, value, *_ in leaning.pictures[0].bars if value] == ["AU12"]  # the smile alone moves it


def test_controls_are_the_noise_floor(file: str) -> None:
    class Noisy(Honest):
        """Says something else at each change, whatever it is."""

        def answer(self, request: Request) -> Reply:
            change = sum(cue.state == "absent" or cue.level == "barely" for cue in request.cueset.cues)
            clip = replace(request.cueset.clip, id=f"{request.cueset.clip.id} {change}")
            return Reply(text=reply_of(sure_of("fear", replace(request.cueset, clip=clip)), []))

    honest, noisy = asked(Honest(), file), asked(Noisy(), file)
    assert honest.effect("moved by a control").value == 0
    assert honest.effect("moved by such a cue, minus by a control").sure_above
    assert noisy.effect("moved by a control").sure_above
    assert not noisy.effect("moved by such a cue, minus by a control").sure_above
    assert "no more than noise" in noisy.sentence


def test_what_pairs_rest_on_is_said_and_requests_are_bounded(file: str) -> None:
    asker = Asker(Honest())
    trial = Trial([], None, asker, ProbeSettings(counterfactuals=file, resamples=50))
    counts = counterfactuals(trial).counts
    assert counts["pairs"] == len(PAIRS)
    assert counts["controls"] == sum(pair.change == "control" for pair in PAIRS) > 0
    assert (
        asker.asked
        == counts["asked"]
        == len(PAIRS) + len(CLIPS)
        == most_requests(["counterfactuals"], 0, trial.settings)
    )
    spoken = {cueset.clip.id: Gold(clip="", reference=Reference(), speaker=f"s{at % 3}") for at, cueset in
              enumerate(CLIPS)}  # fmt: skip
    ends = [asked(Unfaithful(), file, golds).effect(TRUE).interval.high for golds in (None, spoken)]
    assert ends[1] > ends[0]  # three speakers say less than 36 clips


def test_the_evidence_engine_follows_what_the_tables_say(file: str) -> None:
    found = asked(load_engine("evidence"), file)
    assert found.effect("came true minus the other way").sure_above
    assert found.effect("moved by a control").value == 0
    assert found.effect("opposite: came true").value > 0.5


def test_without_a_file_it_says_what_it_needs() -> None:
    report = run_probes(Trial([], asker=Asker(Honest())), ["counterfactuals"])
    assert report.results[0].effects == ()
    assert "--counterfactuals FILE" in report.results[0].sentence


def test_what_has_no_answer_is_left_out_and_said(file: str) -> None:
    class Failing(Honest):
        def answer(self, request: Request) -> Reply:
            if request.cueset.clip.id.endswith("3"):
                raise UpstreamError("the server went away")
            return super().answer(request)

    found = asked(Failing(), file)
    assert "the server went away" in found.notes[0]
    assert 0 < found.effect(TRUE).interval.n_clips < asked(Honest(), file).effect(TRUE).interval.n_clips

    class Gone(Honest):
        def answer(self, request: Request) -> Reply:
            raise UpstreamError("the server went away")

    assert asked(Gone(), file).sentence.startswith("Not measured")


def test_a_pair_whose_difference_is_never_shown_is_left_out(tmp_path: Path) -> None:
    one = next(pair for pair in PAIRS if pair.change == "removed")
    label = replace(one.cueset.cues[0], id="tool.1", code="happy")

    def told(cueset: CueSet, value: float) -> CueSet:
        return replace(cueset, cues=(*cueset.cues, replace(label, value=value, unit=None, level=None)))

    hidden = replace(one, id="b", cue="tool.1", cueset=told(one.cueset, 0.9), changed=told(one.cueset, 0.1))
    write_counterfactuals([one, hidden], tmp_path / "pairs.jsonl")
    found = asked(Honest(), str(tmp_path / "pairs.jsonl"))
    assert found.counts["pairs"] == 1
    assert any("1 pairs differ in nothing that a prompt shows" in note for note in found.notes)


def test_pairs_are_read_as_they_were_written(file: str) -> None:
    assert read_counterfactuals(file) == PAIRS


def _line(**changed: object) -> str:
    return json.dumps({**json.loads(_FIRST), **changed})


def _first() -> str:
    with TemporaryDirectory() as folder:
        write_counterfactuals([next(one for one in PAIRS if one.change == "removed")], Path(folder) / "a")
        return (Path(folder) / "a").read_text(encoding="utf-8").strip()


_FIRST = _first()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no pair"),
        ("\x89PNG\r\n\x1a\n\0\0", "p.jsonl:1: not"),
        ("{}", "p.jsonl:1: says no id"),
        ("[1]", "p.jsonl:1: "),
        (_line(change="bigger"), "p.jsonl:1: change is 'bigger'; expected one of removed"),
        (_line(change=["removed"]), "p.jsonl:1: change is"),
        (_line(expected=[1]), "expected an object with the lists up and down"),
        (_line(expected={"up": [], "down": [["x"]]}), "p.jsonl:1: expected names"),
        (_line(expected={"up": ["rage"], "down": []}), "expected names 'rage'"),
        (_line(expected={"up": ["fear"], "down": ["fear"]}), "both up and down"),
        (_line(expected={"up": [], "down": []}), "expects a class up or down"),
        (_line(change="control"), "a control expects nothing"),
        (_line(cue="nope"), "which the clip does not have"),
        (_line(clip="other"), "expected the same clip"),
        (_line(changed=json.loads(_FIRST)["cueset"]), "expected it changed"),
        (_line(changed={**json.loads(_FIRST)["cueset"], "cues": []}), "as well; expected one cue changed"),
        (_line(changed=3), "p.jsonl:1: "),
        (f"{_FIRST}\n{_FIRST}", "p.jsonl:2: the id .* is there twice"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_pairs_is_refused_with_its_first_bad_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.jsonl").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=said) as error:
        read_counterfactuals(tmp_path / "p.jsonl")
    assert "\n" not in str(error.value)


def test_a_file_that_could_not_be_written_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text("old", encoding="utf-8")

    def breaking() -> Iterable[Counterfactual]:
        yield PAIRS[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(RecordError, match="cannot be written: No space left"):
        write_counterfactuals(breaking(), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["pairs.jsonl"]
