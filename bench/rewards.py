"""Speed of the rewards: ``python bench/rewards.py [--rounds N] [--xlsx]``, one thread.

- wheel: see ``bench/rewards_wheel.py``, which this runs first; at most 1.3 times a minimal table loop;
- grounding: reading, checking and scoring an answer of about 200 words (300 Chinese characters); no text is seen twice,
  the clip's index is warm. Plain answers make some ten claims, as people's explanations do (8 to 10 in 200 words of
  EMER), and then interpret: at most 1 ms in the median. Dense ones do nothing but claim, some 24 times: no bound;
- the default blend on 64 completions of about 200 words: cold (no text seen before) and with a warm cache (texts that
  another reward has read already); at most 20 ms warm.

Ends with 1 when a bound does not hold.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import rewards_wheel

from emoreason.records import Reference
from emoreason.rewards.blend import blend_named
from emoreason.rewards.completion import read_completion
from emoreason.rewards.grounding import score_grounding
from emoreason.rewards.lint.scenes import scenes
from emoreason.rewards.reward import Case

COMPLETIONS = 64
WORDS = 200
_DENSE = {
    "en": "The mouth stays relaxed for now and the head turns slightly toward the other person at {n}.{n} s. ",
    "zh": "嘴部保持放松，头部在第{n}.{n}秒略微转向另一个人，语速平稳。",
}
_PLAIN = {
    "en": "Taken together these signs point in one direction, though a milder reading stays possible, and nothing that "
    "in situation {n} speaks against it. ",
    "zh": "综合这些线索，它们指向同一种情绪，不过也不能排除更温和的解读，情境{n}也没有与之矛盾。",
}


@dataclass(frozen=True)
class Bound:
    """One figure and what it may be."""

    name: str
    values: list[float]
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the median does."""
        return self.most is None or statistics.median(self.values) <= self.most

    def __str__(self) -> str:
        low, *_, high = statistics.quantiles(self.values, n=20)
        verdict = "" if self.most is None else "holds" if self.holds else "does not hold"
        median = statistics.median(self.values)
        return f"| {self.name} | {median:.3f} ms | {low:.3f}-{high:.3f} | {self.most or ''} | {verdict} |"


def answers(language: str, number: int, round_: int, fillers: dict[str, str] = _PLAIN) -> list[tuple[str, Reference]]:
    """Return ``number`` different completions of some 200 words (300 Chinese characters), each with its reference."""
    here = [scene for scene in scenes() if scene.language == language]
    made = []
    for at in range(number):
        scene = here[at % len(here)]
        honest = scene.honest.write("contract")
        think, answer = honest.split("</think>", 1)
        n = round_ * number + at
        while len(think.split()) < WORDS if language == "en" else len(think) < 1.5 * WORDS:
            n += 1
            think += " " + fillers[language].format(n=n)
        made.append((f"{think}</think>{answer}", scene.reference))
    return made


def milliseconds(call: Callable[[], object]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


def grounding(language: str, rounds: int, dense: bool) -> Bound:
    """Time of one answer, each text new."""
    values = []
    for round_ in range(rounds + 1):
        for text, reference in answers(language, 8, round_, _DENSE if dense else _PLAIN):
            completion = read_completion(text)
            spent = milliseconds(lambda done=completion, gold=reference: score_grounding(done, gold))
            if round_:
                values.append(spent)
    kind = "dense" if dense else "plain"
    return Bound(f"grounding, one {kind} answer of {WORDS} words, {language}", values, None if dense else 1.0)


def default_blend(rounds: int) -> tuple[Bound, Bound]:
    """Time of 64 completions, cold and warm."""
    blend = blend_named("default")
    cold, warm = [], []
    for round_ in range(rounds + 1):
        pairs = answers("en", COMPLETIONS, 1000 + round_)

        def score(pairs: list[tuple[str, Reference]] = pairs) -> None:
            blend.score_many([Case.of(text, reference) for text, reference in pairs])

        first, second = milliseconds(score), milliseconds(score)
        if round_:
            cold.append(first)
            warm.append(second)
    return (
        Bound(f"default blend, {COMPLETIONS} completions, cold", cold),
        Bound(f"default blend, {COMPLETIONS} completions, warm", warm, 20.0),
    )


def main() -> int:
    """Print the tables; 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--xlsx", action="store_true", help="read real spreadsheets (fetches openpyxl)")
    options = parser.parse_args()
    rounds = options.rounds
    failed = rewards_wheel.main(["--rounds", str(rounds * 6), *(["--xlsx"] if options.xlsx else [])])
    bounds = [grounding(language, rounds, dense) for dense in (False, True) for language in ("en", "zh")]
    bounds += default_blend(rounds)
    print("\n| what | median | 5-95 % | bound, ms | |\n|---|---|---|---|---|")
    print(*bounds, sep="\n")
    return int(bool(failed) or not all(bound.holds for bound in bounds))


if __name__ == "__main__":
    sys.exit(main())
