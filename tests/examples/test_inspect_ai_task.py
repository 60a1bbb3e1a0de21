"""The example for inspect_ai runs, with inspect_ai's mock as the model, and its metric is the suite's own number."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="pip install 'emoreason[reference]'")
pytestmark = pytest.mark.slow  # inspect_ai alone takes seconds to import

ANSWERS = ("joyful", "sad, lonely", "calm")


def results(folder: Path, answers: tuple[str, ...]) -> dict[str, float]:
    import inspect_ai
    import inspect_ai_task

    log: Any = inspect_ai.eval(
        inspect_ai_task.open_labels(),
        model=inspect_ai_task.mock(answers),
        log_dir=str(folder),
        display="none",
        max_samples=1,
        max_connections=1,
    )[0]
    assert log.status == "success", log.error
    return {name: found.value for scored in log.results.scores for name, found in scored.metrics.items()}


def test_the_metric_over_all_clips_is_the_suites(tmp_path: Path) -> None:
    import inspect_ai_task

    from emoreason.eval.open_vocab import ov_mer
    from emoreason.eval.sample import Gold, Prediction, Sample
    from emoreason.eval.suite import SuiteSettings
    from emoreason.records import Reference

    found = results(tmp_path, ANSWERS)
    samples = [
        Sample(
            Gold(clip=str(at), reference=Reference(labels=words)),
            Prediction(clip=str(at), labels=tuple(answer.split(", "))),
        )
        for at, ((_, words), answer) in enumerate(zip(inspect_ai_task.CLIPS, ANSWERS, strict=True))
    ]
    value = ov_mer(samples, SuiteSettings()).measures[0].value
    assert found["M-avg"] == pytest.approx(value)
    assert found["low"] <= value <= found["high"]
    assert 0 < found["mean"] < 1


def test_a_model_that_names_nothing_scores_nothing(tmp_path: Path) -> None:
    found = results(tmp_path, ("", "", ""))
    assert found["M-avg"] == found["mean"] == 0


def test_it_runs_as_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import inspect_ai_task

    assert inspect_ai_task.main(str(tmp_path)) == 0
    assert "M-avg: 0." in capsys.readouterr().out
