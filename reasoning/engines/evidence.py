"""The default engine: transparent evidence, no GPU, no network.

A statistical baseline, honestly named: every cue adds log-odds from a table anyone can open, and the reasoning says
which and how much. It reads faces and voices, not words or situations; an LLM must beat it to be worth its cost.
What it reaches and where it fails: ``docs/evidence.md``.
"""

from typing import Any, Final

from ...prompts.contract import write_answer
from ...prompts.presets import preset_named
from ...records import CueSet
from ...records.labels import EMOTIONS
from ..evidence.abstain import abstain_reason
from ..evidence.affect import valence_arousal
from ..evidence.chain import Story, alternatives, reason_text, write_chain
from ..evidence.compound import compound_probabilities
from ..evidence.notes import write_notes
from ..evidence.open_labels import open_labels
from ..evidence.people import nobody, read_people
from ..evidence.score import Scored, score
from ..evidence.tables import RESEARCH_NOTICE, Table, load_table
from .base import Reply, Request

__all__ = ["RESEARCH_NOTICE", "EvidenceEngine"]

_VERSION: Final = "1"
_MOST_UNITS: Final = 40
_LONGEST: Final = 400


class EvidenceEngine:
    """Explain clips by adding up the log-odds of their cues.

    Parameters
    ----------
    weights : str
        ``fitted`` (default; the annotations behind them are research-only, see :data:`RESEARCH_NOTICE`) or
        ``literature`` (published FACS tables alone).
    table : Table, optional
        Weights of your own instead of the shipped ones.

    Raises
    ------
    ConfigError
        There are no such weights.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue, CueSet
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, unit="0-5", subject="face1")
    >>> EvidenceEngine().read(CueSet(clip=Clip(id="a"), cues=(smile,)))[0].ranked[0][0]
    'happiness'
    """

    name = "evidence"

    def __init__(self, weights: str = "fitted", *, table: Table | None = None) -> None:
        self.table = load_table(weights) if table is None else table
        self.model = f"{self.table.name} weights {_VERSION}"

    def describe(self) -> str:
        """Which weights are active and what that means, in one line."""
        said = RESEARCH_NOTICE if self.table.name == "fitted" else "Published FACS tables alone, nothing is fitted."
        return f"{self.model}. {said}"

    def read(self, cueset: CueSet) -> tuple[Scored, ...]:
        """Score every person, the most evident first; a clip without evidence has one person who shows nothing."""
        people = read_people(cueset) or (nobody(cueset),)
        scored = [score(person, self.table) for person in people]
        return tuple(sorted(scored, key=lambda one: -round(one.evident, 9)))

    def answer(self, request: Request) -> Reply:
        """Explain the most evident person of a clip (others are named in the notes).

        Raises
        ------
        ConfigError
            There is no such preset or language.
        """
        preset = preset_named(request.preset)
        explained, *others = self.read(request.cueset)
        story = Story(
            request.cueset,
            explained,
            tuple(others),
            abstain_reason(explained),
            request.language,
            tree=request.preset == "tree",
        )
        answer = _answer(story, request.compounds or preset.compounds)
        return Reply(
            text=write_answer(write_chain(story) if preset.thinks else None, answer),
            notes=write_notes(story, self.table),
        )


def _answer(story: Story, compounds: bool) -> dict[str, Any]:
    """Make the JSON part of the contract."""
    scored = story.scored
    valence, arousal = valence_arousal(scored)
    labels = [] if story.reason else open_labels(scored)
    units = [action.code for action in scored.person.present][:_MOST_UNITS]
    answer: dict[str, Any] = {
        "labels": [{"label": label, "cues": list(cue_ids)} for label, cue_ids in labels],
        "emotions": [{"label": emotion, "probability": round(scored.probability(emotion), 6)} for emotion in EMOTIONS],
        "valence": valence,
        "arousal": arousal,
        "action_units": units,
        "alternatives": [
            {"label": emotion, "reason": sentence[:_LONGEST]} for emotion, sentence in alternatives(story)
        ],
        "abstained": story.reason is not None,
        "abstain_reason": reason_text(story),
    }
    if compounds:
        answer["compounds"] = [
            {"label": label, "probability": round(probability, 6)}
            for label, probability in compound_probabilities(scored)
        ]
    return answer
