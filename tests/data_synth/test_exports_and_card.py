"""Exports and the dataset card: every form for every split, and figures that are those of the files."""

import json
import math
from dataclasses import replace

import pytest
import yaml
from tiny_checkpoints import save_tokenizer, tiny_checkpoint

from emoreason.data_synth.card import Told, write_card
from emoreason.data_synth.checked import Checked, Fault
from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.preferences import preferences, write_preferences
from emoreason.data_synth.template.writer import write_template
from emoreason.data_synth.writing.exports import FORMS, write_exports
from emoreason.data_synth.writing.rejected import Rejected, write_rejected
from emoreason.data_synth.writing.rows import row_of, write_row_files
from emoreason.errors import ConfigError, RecordError
from emoreason.records import Clip, Cue, CueSet, Reference, TrainingRow
from emoreason.torch_imports import import_heavy


def _cue(code: str, modality: str = "face", **more: object) -> Cue:
    subject = {"subject": "face1"} if modality == "face" else {}
    return Cue(id=f"{modality}.{code}.1", modality=modality, code=code, **subject, **more)  # type: ignore[arg-type]


GLAD = (_cue("AU6", level="strongly"), _cue("AU12", level="strongly"), _cue("f0_mean", "voice", level="high"))
ANGRY = (_cue("AU4", level="strongly"), _cue("AU23", level="slightly"), _cue("f0_mean", "voice", level="low"))


def _row(number: int, split: str) -> TrainingRow:
    emotion, cues = (("happiness", GLAD), ("anger", ANGRY))[number % 2]
    clip = LabelledClip(
        id=f"c|<b>{number}",
        cueset=CueSet(clip=Clip(id=f"{number}"), cues=cues),
        reference=Reference(emotion=emotion),
        source="MELD",
        licence="GPL-3.0",
    )
    manner = Manner(seed=number)
    draft = Draft(number=0, text=write_template(clip, manner), manner=manner, writer="template/1")
    return replace(row_of(clip, Checked(draft=draft, measures={"grounded": 1.0})), split=split)


@pytest.fixture
def folder(tmp_path):
    rows = [_row(number, ("train", "train", "dev")[number % 3]) for number in range(9)]
    question = replace(rows[0], id="q", question="Which action units are there?", target="AU6 and AU12.")
    question = replace(question, origin={"mode": "perception", "clip": rows[0].origin["clip"]})
    write_row_files([*rows, question], tmp_path)
    write_preferences(preferences(rows), tmp_path)
    draft = Draft(number=0, text="x", manner=Manner(), writer="template/1")
    write_rejected([Rejected("r", (Checked(draft=draft, faults=(Fault(reason="length"),)),))], tmp_path)
    return tmp_path


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_form_has_a_file_of_each_split(folder):
    counts = write_exports(folder)
    assert tuple(counts) == FORMS
    for form in ("trl-sft", "swift", "sharegpt"):
        assert counts[form] == {"train": 7, "dev": 3}
    for form in ("trl-grpo", "easyr1"):
        assert counts[form] == {"train": 6, "dev": 3}
    for form, splits in counts.items():
        for split, number in splits.items():
            assert len(_lines(folder / "export" / form / f"{split}.jsonl")) == number
    info = json.loads((folder / "export" / "sharegpt" / "dataset_info.json").read_text())
    assert info["emoreason_dev"]["file_name"] == "dev.jsonl"


def test_a_pair_has_one_prompt_and_two_answers_of_which_one_is_the_target(folder):
    write_exports(folder, ["trl-dpo"])
    rows = {line["id"]: line for line in _lines(folder / "rows.jsonl")}
    pairs = _lines(folder / "export" / "trl-dpo" / "train.jsonl")
    assert pairs
    for pair in pairs:
        row = rows[pair["row_id"]]
        assert row["split"] == "train"
        assert pair["prompt"] == row["prompt"]
        assert [message["role"] for message in (*pair["chosen"], *pair["rejected"])] == ["assistant", "assistant"]
        assert pair["chosen"][0]["content"] == row["target"] != pair["rejected"][0]["content"]


@pytest.mark.slow
def test_trl_reads_pairs_as_conversations_of_one_prompt(folder, tmp_path):
    pytest.importorskip("trl")
    data_utils = import_heavy("trl.data_utils")
    tokenizer = save_tokenizer(tmp_path / "tokenizer")
    write_exports(folder, ["trl-dpo"])
    pair = _lines(folder / "export" / "trl-dpo" / "train.jsonl")[0]
    assert data_utils.is_conversational(pair)
    turns = {name: pair[name] for name in ("prompt", "chosen", "rejected")}
    texts = data_utils.apply_chat_template(turns, tokenizer)
    assert pair["prompt"][1]["content"] in texts["prompt"]
    for name in ("chosen", "rejected"):
        assert pair[name][0]["content"].partition("</think>")[2].strip() in texts[name]


@pytest.mark.slow
def test_trl_trains_on_pairs(folder, tmp_path):
    """One step of the real DPOTrainer; in it a chosen answer becomes likelier than its rejected one, or no less."""
    trl, datasets = pytest.importorskip("trl"), import_heavy("datasets")
    write_exports(folder, ["trl-dpo"])
    file = str(folder / "export" / "trl-dpo" / "train.jsonl")
    pairs = datasets.load_dataset("json", data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
    settings = {"max_steps": 1, "per_device_train_batch_size": 2, "max_length": None, "report_to": "none",
                "use_cpu": True, "bf16": False, "save_strategy": "no", "logging_steps": 1}  # fmt: skip
    trainer = trl.DPOTrainer(
        model=str(tiny_checkpoint("qwen3", tmp_path)),
        args=trl.DPOConfig(output_dir=str(tmp_path / "run"), **settings),
        train_dataset=pairs,
    )
    trainer.train()
    first = trainer.state.log_history[0]
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-3), "before the first update both are as likely"
    row = trainer.train_dataset[0]
    chosen, rejected = row["chosen_ids"], row["rejected_ids"]
    assert chosen != rejected


@pytest.mark.parametrize("form", FORMS)
def test_the_card_names_configurations_that_datasets_loads(folder, tmp_path, form):
    datasets = pytest.importorskip("datasets")
    hub = pytest.importorskip("huggingface_hub")
    counts = write_exports(folder)
    write_card(folder, Told(exports=counts))
    card = hub.DatasetCard.load(folder / "README.md")
    assert card.data.license == "other"
    assert [one["config_name"] for one in card.data.to_dict()["configs"]] == list(FORMS)
    loaded = datasets.load_dataset(str(folder), form, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == counts[form]


def test_an_export_that_fails_leaves_what_was_there(folder):
    write_exports(folder, ["trl-sft"])
    path = folder / "export" / "trl-sft" / "train.jsonl"
    before = path.read_text(encoding="utf-8")
    with open(folder / "rows.jsonl", "a", encoding="utf-8") as file:
        file.write("{}\n")
    with pytest.raises(RecordError):
        write_exports(folder, ["trl-sft"])
    assert path.read_text(encoding="utf-8") == before
    assert sorted(one.name for one in path.parent.iterdir()) == ["dev.jsonl", "train.jsonl"]


def test_what_has_no_rows_any_more_is_removed(folder):
    write_exports(folder, ["trl-sft"])
    write_row_files([_row(0, "train")], folder, parquet=False)
    assert write_exports(folder, ["trl-sft"]) == {"trl-sft": {"train": 1}}
    assert not (folder / "export" / "trl-sft" / "dev.jsonl").exists()


def test_an_unknown_form_is_refused(folder):
    with pytest.raises(ConfigError, match=r"there is no export 'trl'; expected some of trl-sft"):
        write_exports(folder, ["trl"])


def test_the_card_tells_what_stands_in_the_files(folder):
    told = Told(
        drafts=12, passed=10, reasons={"length": 2}, before={"happiness": 6, "anger": 4}, after={"happiness": 5},
        candidates=10, duplicates=1, exports=write_exports(folder), unread=3, settings={"seed": 0},
        splits={"remarks": ["test has no clip of fear"]},
    )  # fmt: skip
    facts = write_card(folder, told)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert json.loads((folder / "card.json").read_text(encoding="utf-8")) == facts
    assert facts["rows"]["rows"] == 10
    assert facts["rows"]["modes"] == {"template": 9, "perception": 1}
    assert facts["rows"]["sources"]["MELD"] == {"rows": 9, "licence": "GPL-3.0", "clips": 9}
    assert facts["rows"]["label_without_cue"] == {"rows": 9, "unsupported": 0}
    assert facts["rejected"] == {"clips": 1, "reasons": {"length": 1}}
    assert facts["yield"] == 0.9
    head = yaml.safe_load(text.split("---")[1])
    assert head["configs"][0]["data_files"][0] == {"split": "train", "path": "export/trl-sft/train.jsonl"}
    assert (head["language"], head["size_categories"]) == (["en"], ["n<1K"])
    for line in (
        "| length | 1 | 2 | It is too short or too long. |",
        "| happiness | 6 | 5 |",
        "Near-duplicates: 1 of 10 drafts that passed (10.0 %) were left out.",
        "| MELD | 9 | 9 | GPL-3.0 |",
        "3 lines of the input could not be read",
        "test has no clip of fear",
        "not known for conditioned rows",
    ):
        assert line in text, line
    assert "<b>" not in text


def test_a_card_can_be_made_of_the_rows_alone(tmp_path):
    write_row_files([], tmp_path)
    facts = write_card(tmp_path)
    assert facts["yield"] is None
    assert "0 training rows about 0 labelled clips" in (tmp_path / "README.md").read_text()
