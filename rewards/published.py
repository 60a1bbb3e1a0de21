"""Published reward formulas, written anew so that ``emoreason rewards lint`` can show which attacks they fail.

They are here for comparison: train with :mod:`.blend` instead. Each is a reward of its own (``emoreason rewards lint
emoreason.rewards.published:score_match_format``). The official emotion-wheel reward is ``wheel_official``; the soft-max
cue F1 with MiniLM is ``cue_match_emocue360``.
"""

import re
from collections.abc import Sequence
from typing import Final

from ..records import Reference, Score
from ..records.labels import parse_action_unit
from .completion import Completion
from .cue_match import EmoCue360
from .embedders import Embedder, HashedEmbedder

# The published patterns in one piece (``<think>.*?</think>``) take quadratic time on a heap of opening tags.
_OPENING = re.compile(r"<think>", re.IGNORECASE)
_CLOSING = re.compile(r"</think>", re.IGNORECASE)
_TO_ANSWER = re.compile(r"</think>\s*<answer>")
_UNIT = re.compile(r"AU\d+")
_SENTENCE_END = re.compile(r"[。！？!?.，,]+\s*|\n+")
#: Similarity from which on a sentence counts for a clue, and the scale that makes 1 of the best.
_FLOOR: Final = 0.5
#: Sentences embedded at a time.
_CHUNK: Final = 1024


def score_match_format(completion: Completion, reference: Reference, /) -> Score:
    r"""1 when the text *begins* with the form, whatever follows it.

    Source: ``re.match`` on ``<think>.*?</think>\s*<answer>.*?</answer>``, affect_r1 of vhzy/HumanOmniV2
    (``format_reward``) and others before it; ``score_full_match_format`` is the form with ``re.fullmatch``.

    Examples
    --------
    >>> from emoreason.rewards.completion import read_completion
    >>> text = "<think></think><answer>happy</answer> and then whatever"
    >>> score_match_format(read_completion(text), Reference()).value
    1.0
    """
    return Score(name="match_format", value=float(_answer_end(completion.text) is not None))


def score_full_match_format(completion: Completion, reference: Reference, /) -> Score:
    """1 when the whole text has the form; anything may stand between the outer tags.

    Source: R1-Omni (arXiv 2503.05379), Facial-R1 (arXiv 2511.10254), ``re.fullmatch``.
    """
    end = _answer_end(completion.text)
    return Score(name="full_match_format", value=float(end is not None and completion.text.endswith("</answer>")))


def _answer_end(text: str) -> int | None:
    r"""Where ``<think>.*?</think>\s*<answer>.*?</answer>`` first ends, if the text begins so."""
    middle = _TO_ANSWER.search(text, len("<think>")) if text.startswith("<think>") else None
    end = text.find("</answer>", middle.end()) if middle is not None else -1
    return None if end < 0 else end


def _think(text: str) -> str | None:
    opening = _OPENING.search(text)
    closing = _CLOSING.search(text, opening.end()) if opening is not None else None
    return text[opening.end() : closing.start()] if opening is not None and closing is not None else None


def score_action_unit_mentions(completion: Completion, reference: Reference, /) -> Score | None:
    r"""2 F1 - 1 of every ``AU\d+`` that the chain of thought mentions, denied ones and cited ids included.

    -1 when it mentions none; 0 when none was coded. Source: Facial-R1 (arXiv 2511.10254), ``au_reward``.

    Examples
    --------
    >>> from emoreason.rewards.completion import read_completion
    >>> text = "<think>There is no AU12 at all.</think><answer>sad</answer>"
    >>> score_action_unit_mentions(read_completion(text), Reference(action_units=("AU12",))).value
    1.0
    """
    if reference.action_units is None:
        return None
    gold = {parsed[0] for code in reference.action_units if (parsed := parse_action_unit(code)) is not None}
    mentioned = set(_UNIT.findall((_think(completion.text) or "").upper()))
    if not gold or not mentioned:
        return Score(name="action_unit_mentions", value=-1.0 if gold else 0.0)
    value = 4 * len(mentioned & gold) / (len(mentioned) + len(gold)) - 1
    return Score(name="action_unit_mentions", value=value)


def score_rubric_recall(
    completion: Completion, reference: Reference, /, *, embedder: Embedder | None = None
) -> Score | None:
    """Mean over the clues of ReLU(best cosine of a sentence - 0.5) / 0.5: what else is said costs nothing.

    Source: affect_r1 of vhzy/HumanOmniV2 (``rubric_perc_reward``), which averages visual and audio clues apart and
    embeds with Qwen3-Embedding-0.6B. Here the clues are one list, and without ``embedder`` the cosine is over hashed
    words, which is lower: scores compare with each other, not with published ones.
    """
    if not reference.clues:
        return None
    sentences = _sentences(completion.text)
    best = _best_cosines(reference.clues, sentences, embedder or HashedEmbedder())
    value = sum(max(cosine - _FLOOR, 0.0) / (1 - _FLOOR) for cosine in best) / len(best)
    return Score(name="rubric_recall", value=value, parts={"n_sentences": float(len(sentences))})


class SoftMaximumCueF1(EmoCue360):
    """EmoCue-360's F1 of best cosines without a threshold (XEmoGPT), over hashed words in place of MiniLM.

    What is near to something in every reference is paid for every clip.
    """

    def __init__(self) -> None:
        super().__init__(HashedEmbedder())


def _sentences(text: str) -> list[str]:
    think = _think(text)
    told = text if think is None else think
    return [piece for part in _SENTENCE_END.split(told) if (piece := part.strip())]


def _best_cosines(clues: Sequence[str], sentences: Sequence[str], embedder: Embedder) -> list[float]:
    if not sentences:
        return [0.0] * len(clues)
    wanted = embedder(list(clues))
    distinct = list(dict.fromkeys(sentences))
    chunks = (distinct[at : at + _CHUNK] for at in range(0, len(distinct), _CHUNK))
    best = [(wanted @ embedder(chunk).T).max(axis=1) for chunk in chunks]
    return [max(float(cosine) for cosine in cosines) for cosines in zip(*best, strict=True)]
