"""Vignettes and counterfactual pairs: no emotion word, even classes, one cue changed and nothing else."""

import csv
import json
from collections import Counter

import pytest
from grounded_clips import JOY

from emoreason.data_synth.counterfactuals import make_counterfactuals, write_counterfactuals
from emoreason.data_synth.vignettes import COLUMNS, make_vignettes, named_emotions, write_vignettes
from emoreason.errors import ConfigError
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


def test_the_table_has_the_columns_of_the_probes(tmp_path):
    write_vignettes(ALL[:7], tmp_path / "vignettes.csv")
    with open(tmp_path / "vignettes.csv", encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        assert tuple(table.fieldnames or ()) == COLUMNS
        assert [row["en"] for row in table] == [one.en for one in ALL[:7]]


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
