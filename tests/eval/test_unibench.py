"""MER-UniBench: official label files of every set (written here, none is committed), scores, the mean, refusals."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emoreason.errors import ConfigError
from emoreason.eval.closed_set import hit_rate
from emoreason.eval.measure import intervals
from emoreason.eval.open_vocab import mer2025
from emoreason.eval.sample import Gold, Prediction, Sample, join
from emoreason.eval.sentiment import score
from emoreason.eval.suite import SuiteSettings
from emoreason.eval.unibench import SETS, how_to_obtain, mer_unibench, read_label_files, set_named
from emoreason.records import Reference

MER = "name,discrete,valence\nsamplenew3_1,happy,2.5\nsamplenew3_2,worried,-5\n"
MELD = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    '1,"Oh, no!",Ann,sadness,negative,0,0,4,7,"00:20:57,256","00:21:00,049"\n'
    '2,What?,Bob,surprise,negative,0,1,4,7,"00:21:01,927","00:21:03,261"\n'
)
MMSA = (
    "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
    "abc,1,good,2.4,,,,Positive,test\nabc,2,bad,-1.0,,,,Negative,train\ndef,10,fine,0,,,,Neutral,test\n"
)
SIMS = "video_id,clip_id,text,label,mode\nvideo_0001,0001,好,0.8,train\nvideo_0001,2,坏,-0.4,test\n"
SIMSV2 = "video_id,clip_id,text,label,mode\naqgy4_0003,00023,好,0.2,test\naqgy4_0003,00024,坏,-0.2,valid\n"
OVMERD = 'name,openset\nsample_1,"[happy, grateful]"\nsample_2,\n'
EMO_EVALUATION = (
    "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    "[6.2901 - 8.2357]\tSes05F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n"
    "[10.0 - 12.0]\tSes05F_impro01_M000\texc\t[4.5000, 4.0000, 2.5000]\n"
    "[12.0 - 13.0]\tSes05F_impro01_M001\tfru\t[1.5000, 4.0000, 2.5000]\n"
)
SAID = "Ses05F_impro01_F000 [006.2901-008.2357]: Excuse me.\nSes05F_impro01_M000 [010.0-012.0]: Great!\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def nine(tmp_path: Path) -> Path:
    """A folder as people who have all sets would have it: some names of the benchmark, some of the authors."""
    write(tmp_path / "mer2023-dataset" / "test1-label.csv", MER)
    write(tmp_path / "MER2024" / "test1-label.csv", MER)
    write(tmp_path / "MELD" / "test_sent_emo.csv", MELD)
    write(
        tmp_path / "IEMOCAP_full_release" / "Session5" / "dialog" / "EmoEvaluation" / "Ses05F_impro01.txt",
        EMO_EVALUATION,
    )
    write(tmp_path / "IEMOCAP_full_release" / "Session5" / "dialog" / "transcriptions" / "Ses05F_impro01.txt", SAID)
    write(tmp_path / "CMU-MOSI" / "label.csv", MMSA)
    write(tmp_path / "CMU-MOSEI" / "label.csv", MMSA)
    without_mode = "".join(line.rsplit(",", 1)[0] + "\n" for line in SIMS.splitlines())
    write(tmp_path / "CH-SIMS" / "metadata" / "sentiment" / "label_M.csv", without_mode)
    write(tmp_path / "CH-SIMS" / "metadata" / "test_index.csv", "index\n1\n")
    write(tmp_path / "simsv2.csv", SIMSV2)
    write(tmp_path / "ovmerdplus-process" / "ovlabel.csv", OVMERD)
    write(tmp_path / "films" / "label.csv", MMSA)
    return tmp_path


def test_official_files_of_all_sets_are_read(nine: Path) -> None:
    found = read_label_files(nine)
    golds = {gold.clip: gold for gold in found.golds}
    assert found.problems == []
    assert {gold.columns["set"] for gold in found.golds} == set(SETS)
    assert golds["mer2023/samplenew3_2"].reference == Reference(emotion="worried", valence=-1.0)
    assert golds["meld/test_dia0_utt1"].reference.emotion == "surprise"
    assert (golds["meld/test_dia0_utt0"].speaker, golds["meld/test_dia0_utt0"].transcript) == ("Ann", "Oh, no!")
    assert golds["iemocap/Ses05F_impro01_M000"].reference.emotion == "happy"
    assert golds["iemocap/Ses05F_impro01_M000"].speaker == "Ses05M"
    assert golds["iemocap/Ses05F_impro01_M000"].transcript == "Great!"
    assert "iemocap/Ses05F_impro01_M001" not in golds
    assert golds["mosi/abc_1"].reference.valence == pytest.approx(0.8)
    assert "mosi/abc_2" not in golds
    assert golds["mosei/def_10"].reference.valence == 0.0
    assert golds["sims/video_0001_0002"].reference.valence == -0.4
    assert "sims/video_0001_0001" not in golds
    assert golds["simsv2/aqgy4_0003_00023"].reference.valence == 0.2
    assert golds["ov-merd+/sample_1"].reference.labels == ("happy", "grateful")
    assert golds["ov-merd+/sample_2"].reference.labels == ("neutral",)
    assert sum("scores do not compare" in note for note in found.notes) == 9


def test_tables_with_numbers_and_several_paths(tmp_path: Path) -> None:
    meld = write(tmp_path / "a.csv", "name,emo\ntest_dia0_utt0,1\ntest_dia0_utt1,9\n")
    iemocap = write(tmp_path / "b.csv", "name,emo,val\nSes05F_script01_F000,3,-10\n")
    found = read_label_files([f"meld={meld}", f"iemocap={iemocap}"])
    assert [(gold.clip, gold.reference.emotion) for gold in found.golds] == [("meld/test_dia0_utt0", "joy")]
    assert [place for place, _ in found.problems] == ["a.csv:3", "b.csv:2"]
    assert "expected a number below 7" in found.problems[0][1]
    assert any("7 of the nine sets are missing" in note and "github.com/thuiar/MMSA" in note for note in found.notes)


def test_bad_rows_cost_themselves(tmp_path: Path) -> None:
    rows = "name,discrete\na,happy\na,sad\n,sad\nb\nc,angry,1,2\nd,angry\n"
    found = read_label_files(write(tmp_path / "mer2024.csv", rows))
    assert [gold.clip for gold in found.golds] == ["mer2024/a", "mer2024/d"]
    assert [place for place, _ in found.problems] == [f"mer2024.csv:{line}" for line in (3, 4, 5, 6)]


def test_archives_of_pickles_are_refused_and_the_remedy_works(tmp_path: Path) -> None:
    corpus = {"samplenew3_1": {"emo": "happy", "val": 1.5}, "samplenew3_2": {"emo": "sad", "val": ""}}
    archive = tmp_path / "mer2023-dataset-process" / "label-6way.npz"
    archive.parent.mkdir()
    np.savez_compressed(archive, test1_corpus=np.array(corpus, dtype=object))
    with pytest.raises(ConfigError, match="pickled objects") as refused:
        read_label_files(tmp_path)
    assert "\n" not in str(refused.value)
    command = str(refused.value).split("give that: ", 1)[1].rsplit(", then ", 1)[0]
    subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=archive.parent, check=True)
    found = read_label_files(f"mer2023={archive.parent / 'mer2023.csv'}")
    assert {gold.clip: gold.reference.emotion for gold in found.golds} == {
        "mer2023/samplenew3_1": "happy",
        "mer2023/samplenew3_2": "sad",
    }


def test_what_cannot_be_a_label_file_is_refused_in_one_line(tmp_path: Path) -> None:
    nameless = write(tmp_path / "label.csv", MMSA)
    empty = tmp_path / "meld"
    empty.mkdir()
    sims = write(tmp_path / "sims" / "metadata" / "sentiment" / "label_M.csv", SIMS)
    for given, said in (
        (tmp_path / "nowhere", "no such file"),
        (nameless, "write SET="),
        (empty, "test_sent_emo.csv of github.com"),
        (write(tmp_path / "x" / "y.txt", "").parent, "named after a set"),
        (sims.parents[2], "test_index.csv"),
        (write(tmp_path / "mer2023.csv", "name,discrete\n"), "no clip of MER-UniBench"),
        (write(tmp_path / "mer2024.csv", "film,feeling\na,b\n"), "mer2024.csv"),
    ):
        with pytest.raises(ConfigError, match=said) as refused:
            read_label_files(given)
        assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match="twice"):
        read_label_files([f"mosi={nameless}", f"mosi={nameless}"])


def predictions_of(golds: list[Gold], right: bool = True) -> list[Prediction]:
    made = []
    for gold in golds:
        reference = gold.reference
        labels = reference.labels or ((reference.emotion,) if reference.emotion else None)
        if labels is None:
            labels = ("happy",) if (reference.valence or 0) > 0 else ("sad",)
        made.append(Prediction(clip=gold.clip, labels=tuple(labels) if right else ("xyzzy",)))
    return made


def test_right_answers_score_1_on_every_set(nine: Path) -> None:
    golds = read_label_files(nine).golds
    result = mer_unibench(join(golds, predictions_of(golds)), SuiteSettings())
    assert result.measures[0].name == "mean of the nine sets"
    assert result.measures[0].value == pytest.approx(1.0)
    assert result.counts["sets"] == 9
    assert {measure.name for measure in result.measures} >= {f"{one.title} {one.score}" for one in SETS.values()}
    assert mer_unibench(join(golds, []), SuiteSettings()).measures[0].value == 0.0
    assert [bar[1] for bar in result.pictures[0].bars] == [1.0] * 9


def random_samples(name: str, count: int, seed: int) -> list[Sample]:
    rng = np.random.default_rng(seed)
    words = ["happy", "sad", "angry", "worried", "surprise", "neutral", "calm", "annoyed", "xyzzy"]
    one = SETS[name]
    samples = []
    for at in range(count):
        labels = tuple(str(word) for word in rng.choice(words, rng.integers(0, 4)))
        reference = {
            "hit rate": Reference(emotion=str(rng.choice(words[:6]))),
            "weighted F1": Reference(valence=float(rng.choice([-0.5, 0.0, 0.7]))),
            "wheel F": Reference(labels=tuple(str(word) for word in rng.choice(words, 2))),
        }[one.score]
        gold = Gold(clip=f"{name}/{at}", reference=reference, columns={"set": name})
        samples.append(Sample(gold, Prediction(clip=gold.clip, labels=labels)))
    return samples


def test_scores_of_sets_are_the_public_functions() -> None:
    hits, moods, wheels = (
        random_samples("meld", 80, 1),
        random_samples("sims", 70, 2),
        random_samples("ov-merd+", 60, 3),
    )
    result = mer_unibench([*moods, *hits, *wheels], SuiteSettings())
    values = {measure.name: measure.value for measure in result.measures}
    rate, mscore = hit_rate(
        {sample.clip: sample.gold.reference.emotion for sample in hits},
        {sample.clip: list(sample.prediction.labels) for sample in hits},
        "v2025",
    )
    assert (values["MELD hit rate"], values["MELD mscore"]) == pytest.approx((rate, mscore))
    words = [word_of(sample.prediction.labels) for sample in moods]
    f1, accuracy = score([sample.gold.reference.valence for sample in moods], words)
    assert (values["CH-SIMS weighted F1"], values["CH-SIMS accuracy"]) == pytest.approx((f1, accuracy))
    wheel = {measure.name: measure.value for measure in mer2025(wheels, SuiteSettings()).measures}["level 1 F"]
    assert values["OV-MERD+ wheel F"] == pytest.approx(wheel)
    assert values["mean of 3 of the nine sets"] == pytest.approx((rate + f1 + wheel) / 3)
    assert any("not the benchmark's" in note for note in result.notes)
    for interval in intervals(result.measures, resamples=200):
        assert interval.low <= interval.value <= interval.high


def word_of(labels: tuple[str, ...]) -> str:
    signs = {"happy": 1, "sad": -1, "angry": -1, "worried": -1, "annoyed": -1}
    total = sum(signs.get(label, 0) for label in labels) or next((signs[x] for x in labels if x in signs), 0)
    return "positive" if total > 0 else "negative" if total < 0 else "neutral"


def test_a_missing_clip_is_wrong_whichever_way_the_sentiment_goes() -> None:
    golds = [
        Gold(clip=f"mosi/{at}", reference=Reference(valence=value), columns={"set": "mosi"})
        for at, value in enumerate((1.0, -1.0, 0.5, -0.5))
    ]
    result = mer_unibench(join(golds, []), SuiteSettings())
    assert {measure.value for measure in result.measures} == {0.0}
    assert result.counts["missing"] == 4
    assert any("4 are missing" in note for note in result.notes)


def test_sentiment_words_come_from_the_word_the_labels_or_the_valence() -> None:
    golds = [Gold(clip=f"mosi/{at}", reference=Reference(valence=0.5), columns={"set": "mosi"}) for at in range(4)]
    made = [
        Prediction(clip="mosi/0", emotion="Positive", labels=("sad",)),
        Prediction(clip="mosi/1", labels=("joyful",)),
        Prediction(clip="mosi/2", valence=0.1),
        Prediction(clip="mosi/3", labels=()),
    ]
    result = mer_unibench(join(golds, made), SuiteSettings())
    accuracy = {measure.name: measure.value for measure in result.measures}["CMU-MOSI accuracy"]
    assert accuracy == 0.75
    note = next(note for note in result.notes if note.startswith("Sentiment words"))
    assert "1 are the system's own words; 2 come from its labels" in note
    assert "1 come from the sign" in note


def test_naming_every_class_reaches_the_top_hit_rate_and_the_report_says_why() -> None:
    golds = [
        Gold(clip=f"meld/{at}", reference=Reference(emotion=word), columns={"set": "meld"})
        for at, word in enumerate(SETS["meld"].words)
    ]
    everything = [Prediction(clip=gold.clip, labels=SETS["meld"].words) for gold in golds]
    result = mer_unibench(join(golds, everything), SuiteSettings())
    assert result.measures[1].value == 1.0
    assert any("further labels cost nothing" in note for note in result.notes)


def test_gold_of_no_set_is_refused_with_how_to_obtain_them() -> None:
    samples = [Sample(Gold(clip="a", reference=Reference(emotion="sad")))]
    with pytest.raises(ConfigError, match=r"sail\.usc\.edu"):
        mer_unibench(samples, SuiteSettings())
    nothing = [Sample(Gold(clip="a", reference=Reference(), columns={"set": "meld"}))]
    with pytest.raises(ConfigError, match="no clip of MELD"):
        mer_unibench(nothing, SuiteSettings())


def test_the_table_of_sets_is_that_of_the_benchmark() -> None:
    assert len(SETS) == 9
    assert sum(one.n_clips for one in SETS.values()) == 12_799
    assert all(set_named(spelling) is one for one in SETS.values() for spelling in (one.name, one.title, *one.also))
    assert len(how_to_obtain()) == 9
    with pytest.raises(ConfigError, match="no set 'xyzzy'"):
        how_to_obtain(["xyzzy"])
