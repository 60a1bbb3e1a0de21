"""ms-swift: every reward and preset as an ORM class, registered under ``emoreason_<name>``.

Written against ms-swift 4.6.0: ``swift/rewards/orm.py`` (a class is made with ``args=`` and called with the completions
and the columns of the data set), ``swift/rl_core/grpo_algorithm.py`` (the call; None becomes nan and the other rewards
count) and ``swift/dataset/preprocessor/core.py`` (which columns are renamed; ``reference`` is not). A plug-in file of
one line does it, ``import emoreason.rewards.adapters.swift``:

    swift rlhf --rlhf_type grpo --external_plugins plugin.py --reward_funcs emoreason_wheel emoreason_format …

Importing this module registers the classes where ms-swift is installed; elsewhere they are plain classes. ms-swift pins
trl below 1.0, which is why nothing here needs TRL.
"""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar, Final

from .columns import cases_of
from .scoring import NAMES, score_batch

#: Before the names, so that swift's own ``format`` keeps its meaning.
PREFIX: Final = "emoreason_"


class Scorer:
    """A reward as ms-swift calls it; the name it scores by is a class attribute."""

    name: ClassVar[str]

    def __init__(self, args: Any = None, **kwargs: Any) -> None:
        self.args = args

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch."""
        step = getattr(columns.get("trainer_state"), "global_step", None)
        return score_batch(self.name, cases_of(completions, columns), step).values


class WaitingScorer(Scorer):
    """The same for what waits on a network: ms-swift awaits it beside the others."""

    async def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:  # type: ignore[override]
        """Score the completions of a batch in a thread."""
        return await asyncio.to_thread(super().__call__, completions, **columns)


def _class(attribute: str) -> type[Scorer]:
    base = WaitingScorer if attribute == "judge" else Scorer
    # ms-swift logs a reward under the name of its class.
    return type(PREFIX + attribute, (base,), {"name": NAMES[attribute], "__module__": __name__})


#: Name to write after ``--reward_funcs`` -> class.
ORMS: Final[dict[str, type[Scorer]]] = {PREFIX + attribute: _class(attribute) for attribute in NAMES}
globals().update(ORMS)  # so that pickle finds them


def register() -> bool:
    """Add the classes to ms-swift's ``orms`` and return whether it is there (4.x: swift.rewards, 3.x: swift.plugin)."""
    for place in ("swift.rewards", "swift.plugin"):
        try:
            import_module(place).orms.update(ORMS)
        except (ImportError, AttributeError):  # no ms-swift (another package is called swift, too)
            continue
        return True
    return False


if "swift" in sys.modules:  # the trainer is running; nobody else needs its imports
    register()
