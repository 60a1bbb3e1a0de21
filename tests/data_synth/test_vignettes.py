"""Vignettes and counterfactual pairs: no emotion word, even classes, one cue changed and nothing else."""

import json
from collections import Counter

import pytest
from grounded_clips import JOY

from emoreason.data_synth.counterfactuals import make_counterfactuals, write_counterfactuals
from emoreason.data_synth.vignettes import make_vignettes, write_vignettes
from emoreason.errors import ConfigError
from emoreason.eval.probes import ProbeSettings, Trial, run_probes
from emoreason.eval.probing.asking import Asker
from emoreason.eval.probing.vignette_table import named_emotions, read_vignettes
from emoreason.eval.probing.vignettes import vignettes
from emoreason.reasoning.engines.evidence import EvidenceEngine
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.convert import from_json
from emoreason.records.labels import EMOTIONS

ALL = make_vignettes(700)


def test_no_vignette_names_an_emotion_or_leaves_a_slot_open():
    assert [one for one in ALL if named_emotions(one)] == []
    assert not any(mark in one.en + one.zh for one in ALL for mark in "{}[]|")


def test_classes_are_even_and_all_differ():
    assert Counter(one.emotion for one in ALL) == Counter(dict.fromkeys(EMOTIONS, 100))
    assert len({one.id for one in ALL}) == len({one.en for one in ALL}) == len({one.zh for one in ALL}) == 700


def test_the_same_seed_gives_the_same_and_another_another():
    assert make_vignettes(21, seed=4) == make_vignettes(21, seed=4) != make_vignettes(21, seed=5)


def test_more_than_there_are_is_refused_with_how_many_there_are():
    with pytest.raises(ConfigError, match=r"expected [0-9]+ or less"):
        make_vignettes(100_000)


def test_what_is_written_is_what_the_probes_read(tmp_path):
    table = tmp_path / "vignettes.csv"
    write_vignettes(ALL[:70], table)
    assert read_vignettes(table) == ALL[:70]
    for language in ("en", "zh"):
        asked = vignettes(language, table)
        assert [one.text for one in asked] == [one.text(language) for one in ALL[:70]]
        assert all(one.emotion != one.decoy_emotion for one in asked)


def test_the_probe_asks_about_a_table_that_was_written(tmp_path):
    write_vignettes(ALL[:16], tmp_path / "vignettes.csv")
    settings = ProbeSettings(vignettes=str(tmp_path / "vignettes.csv"), resamples=50)
    report = run_probes(Trial([], asker=Asker(EvidenceEngine()), settings=settings), ["vignettes"])
    (found,) = report.results
    assert (found.counts["vignettes"], found.counts["asked"], found.counts["failed"]) == (16, 32, 0)
    assert any(note.startswith("16 situations, 2 to 3 of each class") for note in found.notes)


def test_none_of_them_is_among_those_that_the_probe_asks_about_by_itself():
    own = read_vignettes()
    assert Counter(one.emotion for one in own) == Counter(dict.fromkeys(EMOTIONS, 6))
    assert not {one.en for one in own} & {one.en for one in ALL}
    assert not {one.zh for one in own} & {one.zh for one in ALL}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no table"),
        ("id,emotion,en,zh\n", "holds no vignette"),
        ("id,emotion,en\na,anger,He waits.\n", "v.csv:2: says no zh"),
        ("id,emotion,en,zh\na,rage,He waits.,他在等。\n", "v.csv:2: emotion is 'rage'; expected one of"),
        ("id,emotion,en,zh\na,anger,He is happy.,他在等。\n", r"v.csv:2: names an emotion \('happy'\)"),
        ("id,emotion,en,zh\na,anger,He waits.,他在等。\na,fear,She runs.,她在跑。\n", "v.csv:3: the id .a. is there"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_with_its_first_bad_row(tmp_path, text, said):
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_vignettes(tmp_path / "v.csv")


def test_a_pair_differs_in_one_cue_and_is_valid(tmp_path):
    pairs = list(make_counterfactuals([JOY.cueset], each=20))
    assert {one.change for one in pairs} >= {"removed", "fainter", "opposite"}
    for pair in pairs:
        ids = [(a.id, a == b) for a, b in zip(pair.cueset.cues, pair.changed.cues, strict=True)]
        assert [name for name, same in ids if not same] == [pair.cue]
        assert bool(pair.up or pair.down) == (pair.change != "control")
        assert not set(pair.up) & set(pair.down)
    assert write_counterfactuals(pairs, tmp_path / "pairs.jsonl") == len(pairs)
    lines = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert [from_json(line["changed"], CueSet) for line in lines] == [pair.changed for pair in pairs]


def test_what_a_change_should_do_follows_the_published_tables():
    loud = Cue(id="voice.loudness.1", modality="voice", code="loudness", level="high", value=-12.0, unit="dB")
    blink = Cue(id="face1.AU45.1", modality="face", code="AU45", subject="face1")
    pairs = list(make_counterfactuals([CueSet(clip=Clip(id="a"), cues=(loud, blink))], each=9))
    by_change = {pair.change: pair for pair in pairs}
    assert by_change.keys() == {"opposite", "control"}
    assert "anger" in by_change["opposite"].down
    assert "sadness" in by_change["opposite"].up
    turned = by_change["opposite"].changed.cues[0]
    assert (turned.level, turned.value) == ("low", None)
    assert (by_change["control"].up, by_change["control"].down) == ((), ())


def test_a_cue_that_another_one_repeats_is_left_alone():
    smiles = tuple(Cue(id=f"face1.AU12.{n}", modality="face", code="AU12", subject="face1") for n in (1, 2))
    assert not list(make_counterfactuals([CueSet(clip=Clip(id="a"), cues=smiles)]))
