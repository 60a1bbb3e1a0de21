"""EasyR1: the ``compute_score`` of its batch reward manager.

Written against ``verl/workers/reward/function.py`` of hiyouga/EasyR1 (commit 46c6c21; the module attributes
``REWARD_NAME`` and ``REWARD_TYPE`` of later versions, as in ``examples/reward_function/android_gui.py`` of commit
4e1750f). EasyR1 loads a file by its path, so the reward is one file of one line:

    from emoreason.rewards.adapters.easyr1 import REWARD_NAME, REWARD_TYPE, compute_score

    worker.reward.reward_function=emotion_reward.py:compute_score
    worker.reward.reward_function_kwargs='{"blend":"grounded"}'

Each input holds ``response``, ``response_length`` and ``ground_truth``, nothing else; ``ground_truth`` is the data
set's ``answer_key`` column and holds the JSON string of ``columns.reference_column``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .columns import COLUMN, cases_of
from .scoring import score_batch

REWARD_NAME: Final = "emoreason"
REWARD_TYPE: Final = "batch"


def compute_score(reward_inputs: Sequence[Mapping[str, Any]], blend: str = "default") -> list[dict[str, float]]:
    """Score a batch.

    Parameters
    ----------
    reward_inputs : sequence of dict
        With ``response`` and ``ground_truth``.
    blend : str
        Name of a preset or reward; set it with ``reward_function_kwargs``. No training step is passed, so the scheduled
        terms of a blend count from the start.

    Returns
    -------
    list of dict
        ``overall``, which is trained on, and each term for the log. EasyR1 knows no missing reward: where none applies,
        ``overall`` is 0 for all completions of the prompt, which gives none of them an advantage. Terms that do not
        apply to a row are left out of it.

    Raises
    ------
    RecordError
        A ``ground_truth`` is no reference; names the row of the batch.
    """
    if isinstance(reward_inputs, Mapping):
        raise TypeError("compute_score takes a batch; use reward_type=batch")
    references = [row["ground_truth"] for row in reward_inputs]
    scores = score_batch(blend, cases_of([row["response"] for row in reward_inputs], {COLUMN: references}))
    rows = []
    for index, value in enumerate(scores.values):
        terms = {term: values[index] for term, values in scores.terms.items()}
        known = {term: value for term, value in terms.items() if value is not None}
        rows.append({"overall": 0.0 if value is None else value, **known})
    return rows
