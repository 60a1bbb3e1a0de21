"""The metrics in an inspect_ai task: any model that inspect_ai reaches, scored by a suite of emoreason.

``inspect eval examples/inspect_ai_task.py --model openai/NAME`` asks a model; ``python examples/inspect_ai_task.py``
asks inspect_ai's mock, which answers what it is told. A suite is no mean over clips, so it is a *metric* here: the
scorer only notes gold and answer of each clip. ``pip install inspect-ai`` (MIT) brings inspect_ai; emoreason needs
nothing of it.
"""

import sys
from collections.abc import Sequence
from typing import Any

from inspect_ai import Task, task
from inspect_ai import eval as run
from inspect_ai.dataset import Sample as Case
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, mean, metric, scorer
from inspect_ai.solver import TaskState, generate

from emoreason.eval.measure import intervals
from emoreason.eval.open_vocab import ov_mer
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings
from emoreason.records import Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.wheel import score_wheel

ASKED = "Which emotions does the speaker express? Reply with <answer>labels, separated by commas</answer>.\n\n{}"
#: What is observed, and the labels that people gave. Put your own clips here: their cues as text, or media.
CLIPS = (
    ("The lip corners rise, the eyes narrow; the voice is bright.", ("happy", "amused")),
    ("The inner brows rise, the lip corners sink; the voice is low.", ("sad",)),
    ("The brows are lowered, the jaw is set; the voice is loud.", ("angry", "annoyed")),
)


@metric
def wheel_f() -> Metric:
    """M-avg of OV-MER over all clips, with its 95 % bootstrap interval."""

    def over_all(scores: list[SampleScore]) -> dict[str, float]:
        samples = [_sample(number, one.score.metadata or {}) for number, one in enumerate(scores)]
        found = intervals(ov_mer(samples, SuiteSettings()).measures)[0]
        return {"M-avg": found.value, "low": found.low, "high": found.high}

    return over_all


def _sample(number: int, known: dict[str, Any]) -> Sample:
    gold = Gold(clip=str(number), reference=Reference(labels=tuple(known["gold"])))
    return Sample(gold, Prediction(clip=gold.clip, labels=tuple(known["labels"])))


@scorer(metrics=[mean(), wheel_f()])
def labels() -> Scorer:
    """Score one clip by the strict wheel reward, and note what the metric over all clips needs."""

    async def score(state: TaskState, target: Target) -> Score:
        reply = read_completion(state.output.completion)
        one = score_wheel(reply, Reference(labels=tuple(target)))
        told = list(reply.labels)
        return Score(
            value=one.value if one else 0.0, answer=", ".join(told), metadata={"gold": [*target], "labels": told}
        )

    return score


@task
def open_labels() -> Task:
    """Open-vocabulary labels of a few clips."""
    cases = [Case(input=ASKED.format(seen), target=[*words]) for seen, words in CLIPS]
    return Task(dataset=cases, solver=generate(), scorer=labels())


def mock(answers: Sequence[str]) -> Model:
    """Model that answers what it is told, one clip after the other."""
    outputs = [ModelOutput.from_content("mockllm/model", f"<answer>{answer}</answer>") for answer in answers]
    for output in outputs:
        output.usage = ModelUsage()  # else the mock counts tokens, by a table that it fetches from the network
    return get_model("mockllm/model", custom_outputs=outputs)


def main(log_dir: str = "logs") -> int:
    """Run it with the mock."""
    log = run(open_labels(), model=mock(["joyful", "sad, lonely", "calm"]), log_dir=log_dir, display="none")[0]
    if log.results is None:
        print(log.error)
        return 1
    for scored in log.results.scores:
        for name, found in scored.metrics.items():
            print(f"{name}: {found.value:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
