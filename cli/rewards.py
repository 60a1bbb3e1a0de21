"""``emoreason rewards``: play a gaming battery against a reward, score texts with rewards."""

from typing import Final

import click

from .group import LazyGroup

VERBS: Final = {
    "lint": (".rewards_lint:lint", "Play a gaming battery against a reward before training with it."),
    "score": (".rewards_score:score", "Score texts against references, with one reward or many."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    help="""Check rewards before training with them, and score texts with them.

\b
Examples:
  emoreason rewards lint default              our own default blend
  emoreason rewards lint my_reward.py:reward  yours
  emoreason rewards score answers.jsonl""",
)
def rewards() -> None:
    """Verbs about rewards."""


def targets() -> list[str]:
    """Name the presets and the registered rewards."""
    from ..rewards.reward import REWARDS

    return presets() + list(REWARDS)


def presets() -> list[str]:
    """Name the presets of the blend."""
    from ..rewards.blend import PRESETS

    return list(PRESETS)
