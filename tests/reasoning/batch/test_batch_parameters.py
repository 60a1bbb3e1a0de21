"""Parameters: rows made in different ways must not end up in one file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from batch_runs import SlowEngine, cue_rows, left, plan_for, run

from emoreason.cues.extractor import Settings
from emoreason.cues.limits import Limits
from emoreason.errors import ConfigError
from emoreason.reasoning.batch.parameters import extractor_versions, parameters_of, refuse_others
from emoreason.reasoning.batch.plan import Plan, Shard

PLAN = plan_for(SlowEngine)


def test_they_are_json_and_flat() -> None:
    found = parameters_of(replace(PLAN, settings=Settings(speaker_baseline={"f0_mean": (120.0, 20.0)})))
    assert json.loads(json.dumps(found)) == found
    assert found["engine"] == "slow"
    assert found["extractor.scene"] == "1"
    assert found["extraction.speaker_baseline"] == {"f0_mean": [120.0, 20.0]}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("preset", replace(PLAN, preset="tree")),
        ("language", replace(PLAN, language="zh")),
        ("compounds", replace(PLAN, compounds=True)),
        ("extraction.language", replace(PLAN, settings=Settings(language="de"))),
        ("extraction.max_fps", replace(PLAN, limits=Limits(max_fps=5))),
        ("extractors", replace(PLAN, extractors=("scene", "voice"))),
        ("shard", replace(PLAN, shard=Shard(1, 2))),
        ("model", replace(PLAN, parameters={"engine": "slow", "model": "m"})),
        ("scorers", replace(PLAN, scorers={"one": lambda text, cueset, reference: None})),
    ],
)
def test_what_decides_the_results_is_refused(name: str, changed: Plan) -> None:
    with pytest.raises(ConfigError, match=rf"out was begun with other parameters: .*\b{name}: ") as caught:
        refuse_others(parameters_of(PLAN), parameters_of(changed), Path("out"))
    assert "name another --out" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_only_decides_the_pace_is_not() -> None:
    quick = replace(PLAN, jobs=1, describe_jobs=9, limits=Limits(timeout_s=9, memory_mb=9), cache=Path("c"))
    refuse_others(parameters_of(PLAN), parameters_of(quick), Path("out"))


def test_a_changed_plug_in_is_another(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text("class Mine: ...")
    first = extractor_versions(replace(PLAN, extractors=(f"{plugin}:Mine",)))
    assert len(first[f"{plugin}:Mine"]) == 12
    assert extractor_versions(replace(PLAN, extractors=("no.such.package:Mine",))) == {
        "no.such.package:Mine": "unknown"
    }


def test_a_run_with_others_touches_nothing(tmp_path: Path) -> None:
    run(cue_rows(3), tmp_path)
    before = left(tmp_path)
    with pytest.raises(ConfigError, match=r"preset: explain -> direct; name another --out"):
        run(cue_rows(5), tmp_path, preset="direct")
    assert left(tmp_path) == before
    run(cue_rows(5), tmp_path)
    assert len(left(tmp_path)[0]) == 5


def test_shards_are_apart_and_complete() -> None:
    ids = [f"clips/{number}.mp4" for number in range(500)]
    parts = [[row for row in ids if Shard(index, 3).holds(row)] for index in (1, 2, 3)]
    assert sorted(row for part in parts for row in part) == sorted(ids)
    assert all(len(part) > 120 for part in parts)
    assert Shard.read("2/8") == Shard(2, 8)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(ConfigError, match="expected I/N"):
        Shard.read(text)
