"""What a batch is said to have come to."""

from emoreason.reasoning.batch.events import Totals
from emoreason.reasoning.batch.summary import Summary
from emoreason.records import EmotionProbability, Explanation, Gap


def explained(clip: str, emotion: str, **more: object) -> Explanation:
    shares = (EmotionProbability(emotion, 0.6), EmotionProbability("neutral", 0.4))
    return Explanation(clip=clip, emotions=shares, **more)  # type: ignore[arg-type]


def test_counts() -> None:
    summary = Summary(seconds={"extract": 1.23456}, prompt_tokens=7)
    gaps = (Gap(modality="voice", reason="no_audio_track"), Gap(modality="voice", reason="no_audio_track"))
    summary.add(explained("a", "happiness", labels=("happy", "happy", "calm"), gaps=gaps), {"wheel": 0.5})
    summary.add(explained("b", "happiness", labels=("happy",)), {"wheel": None})
    summary.add(explained("c", "fear", abstained=True))
    summary.add(Explanation(clip="d"))
    for _ in range(2):
        summary.add_failure({"clip": "e", "stage": "extract", "error": "MediaError"})
    value = summary.to_json(Totals(rows=6, done=4, failed=2, done_now=2, failed_now=0, wall_s=4.0))
    assert value["emotions"] == {"happiness": 2}
    assert value["labels"] == {"happy": 2, "calm": 1}
    assert (value["explained"], value["failed"], value["abstained"], value["complete"]) == (4, 2, 1, True)
    assert value["gaps"] == [{"modality": "voice", "reason": "no_audio_track", "rows": 1}]
    assert value["failures"] == [{"stage": "extract", "error": "MediaError", "rows": 2}]
    assert value["scores"] == {"wheel": {"mean": 0.5, "n_scored": 1, "n_not_applicable": 1}}
    assert value["tokens"] == {"prompt": 7, "completion": 0}
    assert value["seconds"] == {"extract": 1.235}
    assert value["this_run"] == {"explained": 2, "failed": 0, "seconds": 4.0, "rows_per_s": 0.5}


def test_labels_that_never_end_do_not_fill_the_memory() -> None:
    summary = Summary()
    for number in range(200):
        summary.add(Explanation(clip="a", labels=tuple(f"word {number} {index}" for index in range(100))))
    assert len(summary.labels) == 10_000
    assert len(summary.to_json(Totals())["labels"]) == 30
