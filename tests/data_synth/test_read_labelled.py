"""Labelled clips from the layouts of the field; the rows here are made up."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.data_synth.read import Counts, layout_of, read_labelled, row_sha256
from emoreason.errors import ConfigError, EmoreasonError
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.convert import to_json
from emoreason.training.rows.leaks import gold_words

DATA = os.environ.get("EMOREASON_RESEARCH_DATA")
BUNDLE = {
    "corpus": "MELD",
    "clip": "dia3_utt4.mp4",
    "peak_s": 1.2,
    "au_intensity": {"AU04": 0.1, "AU12": 2.0, "AU06": 1.1},
    "au_words": ["moderately Lip Corner Puller"],
    "scene": "A woman sits at a table and looks happy.",
    "voice": "She speaks fast, with a high pitch, and sounds joyful.",
    "transcript": "There you are!",
    "label": "joy",
    "valence": None,
}


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def test_bundles_become_cues_and_prose_is_masked(tmp_path: Path) -> None:
    mer = {**BUNDLE, "corpus": "MER", "clip": "sample_1.mp4", "label": "worried", "valence": -2.5}
    one, two = read_labelled([lines(tmp_path / "b.jsonl", BUNDLE, mer)])
    states = {cue.code: cue.state for cue in one.cueset.cues if cue.modality == "face"}
    assert states == {"AU4": "absent", "AU6": "present", "AU12": "present"}
    texts = [cue.text or "" for cue in one.cueset.cues if cue.modality in ("scene", "voice")]
    assert len(texts) == 2
    assert not any(word in text for text in texts for word in ("happy", "joyful"))
    assert one.masked == {"happy": 1, "joyful": 1}
    assert [cue.text for cue in one.cueset.cues if cue.modality == "speech"] == ["There you are!"]
    assert (one.id, one.group, one.source, one.reference.emotion) == ("dia3_utt4.mp4", "MELD/dia3", "MELD", "happiness")
    assert one.licence
    assert one.reference.valence is None
    assert (two.reference.emotion, two.reference.valence, two.group) == ("worried", -0.5, None)


def test_refusals_and_the_clips_own_labels_are_no_cues_and_are_counted(tmp_path: Path) -> None:
    refusal = {**BUNDLE, "scene": "I'm sorry, I can't help with that.", "voice": "抱歉，我无法分析这段音频。"}
    own = {**BUNDLE, "clip": "b.mp4", "labels": ["sheepish", "in two minds", "左右为难"], "label": "happy",
           "scene": "He gives a sheepish, happy grin, in two minds about the door.\n"
                    "他左右为难地看着门口的人。"}  # fmt: skip
    counts = Counts()
    bare, masked = read_labelled([lines(tmp_path / "b.jsonl", refusal, own)], counts=counts)
    assert {cue.modality for cue in bare.cueset.cues} == {"face", "speech"}
    assert [gap.modality for gap in bare.cueset.gaps] == ["voice"]
    assert (bare.refused, bare.masked) == (2, {})
    prose = [cue.text for cue in masked.cueset.cues if cue.modality == "scene"]
    assert prose == ["He gives a ___, ___ grin, ___ about the door.", "他___地看着门口的人。"]
    assert masked.masked == {"sheepish": 1, "in two minds": 1, "左右为难": 1, "happy": 1, "joyful": 1}
    assert (counts.clips, counts.problems, counts.refused_texts, counts.masked_words) == (2, 0, 2, 5)
    plain = {**own, "clip": "c.mp4", "labels": ["calm"]}
    (other,) = read_labelled([lines(tmp_path / "c.jsonl", plain)])
    assert "sheepish" in next(cue.text or "" for cue in other.cueset.cues if cue.modality == "scene")


def test_bad_lines_are_told_with_their_place_and_cost_themselves(tmp_path: Path) -> None:
    path = lines(tmp_path / "b.jsonl", BUNDLE, {**BUNDLE, "au_intensity": {"AU12": 9}}, {**BUNDLE, "clip": ""}, BUNDLE)
    with open(path, "a", encoding="utf-8") as file:
        file.write("{not json\n" + json.dumps({**BUNDLE, "clip": "dia3_utt5.mp4"}) + "\n")
    told: list[str] = []
    counts = Counts()
    clips = list(read_labelled([path], on_problem=told.append, counts=counts))
    assert [clip.id for clip in clips] == ["dia3_utt4.mp4", "dia3_utt5.mp4"]
    assert [text.split(": ")[0] for text in told] == ["b.jsonl:2", "b.jsonl:3", "b.jsonl:4", "b.jsonl:5"]
    assert (counts.clips, counts.problems, counts.layouts["bundles"]) == (2, 4, 2)


def test_the_same_name_in_two_data_sets_means_two_clips(tmp_path: Path) -> None:
    other = {**BUNDLE, "corpus": "MER"}
    clips = list(read_labelled([lines(tmp_path / "a.jsonl", BUNDLE, other), lines(tmp_path / "c.jsonl", BUNDLE)]))
    assert [clip.id for clip in clips] == ["dia3_utt4.mp4", "MER/dia3_utt4.mp4", "MELD/dia3_utt4.mp4"]
    assert [clip.cueset.clip.id for clip in clips] == [clip.id for clip in clips]


def test_emer_keeps_the_explanation_and_makes_no_cues_of_it(tmp_path: Path) -> None:
    row = {
        "clip": "sample_1", "explanation_en": "The man frowns. He is angry.", "explanation_zh": "他皱眉，很生气。",
        "open_vocab_labels": ["angry", "fed up"], "label": "angry", "valence": -2.5, "transcript_zh": "走开",
        "transcript_en": "Go away",
    }  # fmt: skip
    path = lines(tmp_path / "e.jsonl", row)
    (english,) = read_labelled([path])
    (chinese,) = read_labelled([path], language="zh")
    assert english.reference.labels == ("angry", "fed up")
    assert (english.reference.emotion, english.reference.valence) == ("anger", -0.5)
    assert (english.text, chinese.text) == (row["explanation_en"], row["explanation_zh"])
    assert [cue.text for cue in english.cueset.cues] == ["Go away"]
    assert {gap.modality for gap in chinese.cueset.gaps} == {"face", "voice"}


def test_cues_beside_a_table_are_found_by_the_clip(tmp_path: Path) -> None:
    cue = Cue(id="face1.AU12.1", modality="face", code="AU12")
    cues = lines(tmp_path / "cues.jsonl", to_json(CueSet(clip=Clip(id="dia0_utt1.mp4"), cues=(cue,))))
    table = tmp_path / "train_sent_emo.csv"
    table.write_text(
        "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
        '1,"Well, hello.",Ann,neutral,neutral,0,0,1,1,"00:00:01,000","00:00:02,500"\n'
        "2,It\x92s you!,Ben,surprise,positive,0,1,1,1,00:00:02.500,00:00:02.000\n",
        encoding="utf-8",
    )
    counts = Counts()
    first, second = read_labelled([cues, table], counts=counts)
    assert (first.id, first.group) == ("dia0_utt0", "MELD/train_sent_emo/dia0")
    assert (first.cueset.clip.duration_s, first.cueset.clip.transcript) == (1.5, "Well, hello.")
    assert [cue.code for cue in second.cueset.cues] == ["AU12"]
    assert second.reference.emotion == "surprise"
    assert counts.unused_cues == 0


def test_the_turns_before_are_the_context(tmp_path: Path) -> None:
    table = tmp_path / "dev_sent_emo.csv"
    rows = [
        "Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID",
        "Hi,Ann,joy,0,0",
        "Hm,Ben,anger,0,1",
        "Oh,Cy,fear,1,0",
    ]
    table.write_text("\n".join(rows), encoding="utf-8")
    clips = list(read_labelled([table]))
    assert [[turn.text for turn in clip.cueset.clip.context] for clip in clips] == [[], ["Hi"], []]


def test_raf_rows_and_the_official_files_say_the_same(tmp_path: Path) -> None:
    crowd = {"surprise": 0.1, "fear": 0, "disgust": 0.5, "happiness": 0, "sadness": 0.4, "anger": 0}
    row = {"image": "0001.jpg", "facs": "1+4+L12", "compound": "sadly disgusted", "crowd": crowd}
    blank = {"image": "0002.jpg", "facs": None, "compound": "happily surprised", "crowd": {"happiness": 1.0}}
    (one, two) = read_labelled([lines(tmp_path / "raf.jsonl", row, blank)])
    folder = tmp_path / "RAF-CE"
    folder.mkdir()
    (folder / "RAFCE_AUlabel.txt").write_text("0001.jpg 1+4+L12\n0002.jpg null\n", encoding="utf-8")
    (folder / "RAFCE_emolabel.txt").write_text("0001.jpg 5\n0002.jpg 0\n0003.jpg 77\n", encoding="utf-8")
    (folder / "RAFCE_partition.txt").write_text("0001.jpg 0\n", encoding="utf-8")
    (folder / "distribution.txt").write_text("0001.jpg 0.1 0 0.5 0 0.4 0\n", encoding="utf-8")
    told: list[str] = []
    official = list(read_labelled([folder], on_problem=told.append))
    assert official[0].reference == one.reference
    assert official[0].cueset == one.cueset
    assert one.reference.labels == ("disgusted", "sad")
    assert one.reference.action_units == ("1", "4", "L12")
    assert (two.reference.action_units, two.cueset.cues) == (None, ())
    assert (official[1].reference.action_units, official[1].reference.labels) == (None, ("happy", "surprised"))
    assert [text.split(": ")[0] for text in told] == ["RAFCE_emolabel.txt:3"]


def test_merr_samples_stand_under_their_names(tmp_path: Path) -> None:
    sample = {
        "AU_list": ["AU05", "AU26"], "visual_prior_list": ["Upper lid raiser", "Jaw drop"],
        "audio_prior_list": "A loud voice that sounds angry.", "peak_index": "12", "text": "Leave it.",
        "pseu_emotion": "angry", "smp_reason_caption": "He is angry.",
    }  # fmt: skip
    path = tmp_path / "MERR_fine_grained.json"
    path.write_text(json.dumps({"sample_1": sample, "sample_2": 5}), encoding="utf-8")
    told: list[str] = []
    (clip,) = read_labelled([path], on_problem=told.append)
    assert (clip.id, clip.source, clip.reference.emotion, clip.text) == ("sample_1", "MERR", "anger", "He is angry.")
    face = [cue for cue in clip.cueset.cues if cue.modality == "face"]
    assert [(cue.code, cue.value, "presence_only" in cue.marks) for cue in face] == [
        ("AU5", None, True),
        ("AU26", None, True),
    ]
    assert clip.masked == {"angry": 1}
    assert told == ["MERR_fine_grained.json:sample_2: is of type int; expected an object"]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_plain_tables_in_any_format(tmp_path: Path, ending: str) -> None:
    cueset = to_json(CueSet(clip=Clip(id="a"), cues=(Cue(id="face1.AU4.1", modality="face", code="AU4"),)))
    row = {"id": "a", "cues": json.dumps(cueset), "label": "angry", "speaker": "s1", "dataset": "ours",
           "explanation": "A frown.", "licence": "CC0-1.0"}  # fmt: skip
    path = tmp_path / f"table.{ending}"
    if ending == "jsonl":
        lines(path, row)
    else:
        import pandas as pd

        frame = pd.DataFrame([row])
        frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    (clip,) = read_labelled([path])
    assert (clip.id, clip.group, clip.source, clip.licence) == ("a", "s1", "ours", "CC0-1.0")
    assert (clip.reference.emotion, clip.text) == ("anger", "A frown.")
    assert [cue.code for cue in clip.cueset.cues] == ["AU4"]
    assert clip.line_sha256 == row_sha256(row)


def test_training_rows_and_labelled_examples_are_clips_too(tmp_path: Path) -> None:
    cueset = {"clip": {"id": "a"}, "cues": [{"id": "face1.AU4.1", "modality": "face", "code": "AU4"}]}
    target = '<think>A frown [face1.AU4.1].</think>{"labels": [{"label": "angry"}], "emotions": []}'
    row = {"id": "a", "cueset": cueset, "target": target, "reference": {"emotion": "angry"}, "group": "g",
           "clip": "a", "prompt": [], "mode": "template", "origin": {"source": "ours"}}  # fmt: skip
    example = {"id": "b", "cueset": {**cueset, "clip": {"id": "b"}}, "labels": ["calm"]}
    one, two = read_labelled([lines(tmp_path / "rows.jsonl", row, example)])
    assert (one.text, one.source, one.group) == ("A frown [face1.AU4.1].", "ours", "g")
    assert one.reference.emotion == "anger"
    assert two.reference.labels == ("calm",)


def test_what_cannot_be_read_at_all_is_said(tmp_path: Path) -> None:
    good = lines(tmp_path / "b.jsonl", BUNDLE)
    for sources, layout, said in (
        ([tmp_path / "none.jsonl"], None, "no such file"),
        ([good], "merl", "no layout 'merl'"),
        ([lines(tmp_path / "x.jsonl", {"a": 1})], None, "none of its lines can be used"),
        ([tmp_path], None, "without text files of RAF"),
        ([lines(tmp_path / "notes.txt", "0001.jpg 1")], None, "is no text file of RAF"),
    ):
        with pytest.raises(ConfigError, match=said):
            list(read_labelled(sources, layout))
    with pytest.raises(ConfigError, match="language 'fr'"):
        list(read_labelled([good], language="fr"))


@given(
    st.dictionaries(
        st.sampled_from([*BUNDLE, "facs", "crowd", "image", "explanation_en", "cueset", "utterance", "emotion", "text",
                         "dialogue_id", "au_list", "labels", "reference", "cues", "path", "action_units"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
        min_size=1,
    )
)  # fmt: skip
def test_no_line_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, row: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text(json.dumps(BUNDLE) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    told: list[str] = []
    try:
        clips = list(read_labelled([path], on_problem=told.append))
    except EmoreasonError:
        return
    assert len(clips) + len(told) == 2
    assert layout_of(row)


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")
@pytest.mark.parametrize(
    ("name", "clips", "silent"),
    [("cue_bundles.jsonl", 182, 0), ("emer_explanations.jsonl", 169, 12), ("raf_facs_crowd.jsonl", 3640, 186)],
)
def test_the_shared_files_are_read_as_they_are(name: str, clips: int, silent: int) -> None:
    told: list[str] = []
    found = list(read_labelled([Path(str(DATA)) / name], on_problem=told.append))
    assert (len(found), told) == (clips, [])
    assert len({clip.id for clip in found}) == clips
    assert sum(not clip.cueset.cues for clip in found) == silent
    assert all(clip.licence for clip in found)


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")
def test_the_refusals_of_the_shared_bundles_are_found_and_no_clip_is_lost() -> None:
    counts = Counts()
    found = list(read_labelled([Path(str(DATA)) / "cue_bundles.jsonl"], counts=counts))
    assert (len(found), counts.refused_texts, counts.masked_words) == (182, 6, 659)
    assert sum(not any(cue.modality == "scene" for cue in clip.cueset.cues) for clip in found if clip.refused) == 5
    for clip in found:
        own = gold_words(clip.reference)
        prose = " ".join(cue.text or "" for cue in clip.cueset.cues if cue.modality in ("scene", "voice")).lower()
        assert not [word for word in own if f" {word} " in prose]
