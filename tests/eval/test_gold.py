"""Gold files: every layout is read alike, what one row has wrong costs that row, nothing is guessed silently."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import ConfigError, RecordError
from emoreason.eval.reading.au_columns import AuColumns
from emoreason.eval.reading.cells import action_units_from, distribution_from, labels_from
from emoreason.eval.reading.clip_names import ClipNames
from emoreason.eval.reading.gold import read_gold
from emoreason.eval.reading.rows import read_rows
from emoreason.records import Clip, Cue, CueSet

ROWS = [
    {"clip": "a", "labels": "happy, calm", "emotion": "happy", "valence": 0.5, "speaker": "s1", "sex": "f", "age": 30},
    {"clip": "b", "labels": "mad", "emotion": "angry", "valence": -0.25, "speaker": "s2", "sex": "m", "age": 41},
]


def written(path: Path, *rows: object) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".tsv", ".parquet"])
def test_one_table_means_the_same_in_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"gold{ending}"
    frame = pd.DataFrame(ROWS).rename(columns={"sex": "Sex "})  # names of columns are plain
    if ending == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ";")
    found = read_gold(path)
    assert found.problems == []
    first, second = found.golds
    assert (first.reference.labels, first.reference.emotion, first.speaker) == (("happy", "calm"), "happy", "s1")
    assert (second.reference.valence, dict(second.columns)) == (-0.25, {"speaker": "s2", "sex": "m", "age": "41"})


def test_bad_rows_are_named_with_their_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = written(
        tmp_path / "gold.jsonl",
        {"clip": "a", "emotion": "anger"},
        "{not json",
        {"emotion": "anger"},
        {"clip": "b", "valence": "much"},
        {"clip": "a", "emotion": "fear"},
        {"clip": ["c"]},
        {"clip": "d", "crowd": {"anger": -1}},
        {"clip": "e", "facs": "lots"},
        {"clip": "f", "emotion": "fear"},
    )
    found = read_gold(path)
    assert [gold.clip for gold in found.golds] == ["a", "f"]
    assert [place for place, _ in found.problems] == [f"gold.jsonl:{line}" for line in range(2, 9)]
    told = " | ".join(why for _, why in found.problems)
    for part in ("not JSON", "names no clip", "valence is 'much'", "has a row already", "list", "crowd", "FACS codes"):
        assert part in told


def test_a_file_without_any_use_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no row can be used as gold: gold.jsonl:1: names no clip"):
        read_gold(written(tmp_path / "gold.jsonl", {"emotion": "anger"}))
    with pytest.raises(ConfigError, match="no column is called clip"):
        read_gold(written(tmp_path / "gold.csv", "emotion,valence", "anger,1"))
    with pytest.raises(ConfigError, match=r"expected a file that ends in \.jsonl"):
        read_gold(written(tmp_path / "gold.txt", "x"))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_gold(tmp_path / "none.jsonl")


def test_valence_beyond_one_is_used_only_with_its_scale(tmp_path: Path) -> None:
    path = written(tmp_path / "gold.jsonl", {"clip": "a", "valence": -2.5}, {"clip": "b", "valence": 1.0})
    silent = read_gold(path)
    assert [gold.reference.valence for gold in silent.golds] == [None, None]
    assert "goes up to 2.5" in silent.notes[0]
    assert "--valence-scale" in silent.notes[0]
    assert [gold.reference.valence for gold in read_gold(path, valence_scale=5).golds] == [-0.5, 0.2]
    assert read_gold(path, valence_scale=2).problems[0][1] == "valence is '-2.5'; expected a number from -2 to 2"


def test_the_column_of_the_speaker(tmp_path: Path) -> None:
    path = written(tmp_path / "gold.jsonl", {"clip": "a", "Actor": 7}, {"clip": "b"})
    assert [gold.speaker for gold in read_gold(path, speaker="actor").golds] == ["7", None]
    with pytest.raises(ConfigError, match=r"speaker's column 'who'; it has clip, actor"):
        read_gold(path, speaker="who")


def test_layouts_of_crowds_coders_and_measured_bundles(tmp_path: Path) -> None:
    path = written(
        tmp_path / "faces.jsonl",
        {"image": "1.jpg", "facs": "1+L12C+AD25", "compound": "sadly angry", "crowd": {"sadness": 3, "anger": 1}},
        {"image": "2.jpg", "facs": None, "crowd": {"fear": 0}},
    )
    first, second = read_gold(path).golds
    assert first.reference.action_units == ("1", "L12C", "25")
    assert (first.intensities, first.reference.distribution) == ({"AU12": 3.0}, {"sadness": 0.75, "anger": 0.25})
    assert first.columns == {"compound": "sadly angry"}
    assert first.reference.cueset is not None
    assert (second.reference.action_units, second.reference.distribution) == (None, None)
    bundle = {
        "clip": "x.mp4", "corpus": "MELD", "peak_s": 1.5, "au_intensity": {"AU12": 2.5, "AU04": 0.0}, "au_words": [],
        "scene": "A man sits at a table and looks down.", "voice": "The voice is low and slow here.",
        "transcript": "Oh no", "label": "sad", "valence": -2.5,
    }  # fmt: skip
    gold = read_gold(written(tmp_path / "bundles.jsonl", bundle)).golds[0]
    assert (gold.reference.valence, gold.transcript, gold.intensities) == (-0.5, "Oh no", {})
    assert gold.reference.cueset is not None
    assert {cue.modality for cue in gold.reference.cueset.cues} == {"face", "scene", "voice", "speech"}
    assert gold.columns == {"corpus": "MELD"}


def test_texts_in_two_languages(tmp_path: Path) -> None:
    row = {"clip": "a", "explanation_en": "He smiles.", "explanation_zh": "他笑了。", "transcript_zh": "好"}
    path = written(tmp_path / "gold.jsonl", row)
    english, chinese = read_gold(path).golds[0], read_gold(path, language="zh").golds[0]
    assert (english.text, english.transcript) == ("He smiles.", None)
    assert (chinese.text, chinese.transcript) == ("他笑了。", "好")
    assert chinese.columns == {}


def test_references_and_cues_as_training_rows_and_cue_files_have_them(tmp_path: Path) -> None:
    row = {"id": "a", "reference": {"labels": ["glad"], "clues": ["He smiles."]}, "emotion": "happy"}
    gold = read_gold(written(tmp_path / "rows.jsonl", row)).golds[0]
    assert (gold.reference.labels, gold.reference.emotion) == (("glad",), "happy")
    assert gold.reference.clues == ("He smiles.",)
    cues = CueSet(clip=Clip(id="clips/a.mp4"), cues=(Cue(id="c1", modality="face", code="AU12"),))
    found = read_gold(tmp_path / "rows.jsonl", cues={"clips/a.mp4": cues})
    assert found.golds[0].reference.cueset == cues
    assert found.notes == ["1 of 1 clips have cues in the file of cues"]


def test_columns_of_action_units_are_presence_or_intensity_by_the_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path / "bp4d.csv", "clip,AU01,AU12,note", "a,0,1,x", "b,9,9,y")
    first, second = read_gold(path).golds
    assert (first.reference.action_units, first.intensities, first.columns) == (("AU12",), {}, {"note": "x"})
    assert second.reference.action_units is None  # 9: not coded
    path = written(tmp_path / "disfa.csv", "clip,AU1_c,AU12", "a,1,0", "b,0,4")
    first, second = read_gold(path).golds
    assert (first.reference.action_units, first.intensities) == (("AU1",), {"AU12": 0.0})
    assert (second.reference.action_units, second.intensities) == ((), {"AU12": 4.0})
    with pytest.raises(RecordError, match="expected a number from 0 to 5"):
        AuColumns([{"au1_r": 7}]).of({"au1_r": 7})


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("[happy, 'sad']", ("happy", "sad")),
        (["Happy"], ("happy",)),
        ([], ()),
        ([{"label": "Mad", "cues": []}], ("mad",)),
    ],
)
def test_labels_of_cells(cell: object, labels: tuple[str, ...]) -> None:
    assert labels_from(cell, "labels") == labels


def test_cells_that_say_something_else() -> None:
    with pytest.raises(RecordError, match="holds what is no label"):
        labels_from([1, 2], "labels")
    with pytest.raises(RecordError, match="expected JSON in the cell"):
        distribution_from("{anger", "crowd")
    assert action_units_from({"AU12": 1, "4": 0}, "aus") == ("AU12",)
    assert action_units_from("", "facs") == action_units_from([], "facs") == ()


@given(st.dictionaries(st.sampled_from(["happy", "joy", "anger", "bored", "Fear"]), st.floats(0, 1e6), min_size=1))
def test_shares_sum_to_one_and_synonyms_are_added(shares: dict[str, float]) -> None:
    found = distribution_from(shares, "crowd")
    if found is None:
        assert sum(shares.values()) <= 1e-9
        return
    assert sum(found.values()) == pytest.approx(1)
    assert set(found) <= {"happiness", "anger", "fear", "bored"}


@given(st.lists(st.text("ab/.\\4", min_size=1, max_size=8), unique=True, max_size=8))
def test_a_clip_is_always_found_by_its_own_name(clips: list[str]) -> None:
    names = ClipNames(clips)
    assert [names.find(clip) for clip in clips] == clips


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail_otherwise_than_by_saying_so(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    for ending in (".jsonl", ".csv", ".parquet"):
        path = folder / f"x{ending}"
        path.write_bytes(data)
        try:
            list(read_rows(path))
        except ConfigError:
            continue


@pytest.mark.data
def test_the_shared_layouts_are_read_whole() -> None:
    folder = os.environ.get("EMOREASON_RESEARCH_DATA")
    if not folder:
        pytest.skip("EMOREASON_RESEARCH_DATA is not set")
    for name, n_clips in (("emer_explanations", 169), ("cue_bundles", 182), ("raf_facs_crowd", 3640)):
        found = read_gold(Path(folder) / f"{name}.jsonl")
        assert (len(found.golds), found.problems) == (n_clips, [])
