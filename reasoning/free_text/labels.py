"""Open-vocabulary labels: which emotions a text clearly identifies."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from ...errors import EmoreasonError
from ...prompts.ask import LONGEST_LABEL, MOST_LABELS, ask_for_labels, text_as_asked
from ...prompts.untrusted import neutralise
from ...rewards.synonyms import chinese_labels
from ..conversation.turn import Sampling
from ..engines.base import LanguageModel
from .asking import EDGES, ask_model, what_was_cut

#: Room for some thinking before the labels.
_SAMPLING: Final = Sampling(max_tokens=1_024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Open-vocabulary labels of one text.

    Attributes
    ----------
    labels : tuple of str
        Lower case, each once, in the model's order; Chinese ones in English.
    written : tuple of str
        As the model wrote them.
    prompt_version, model : str
        What read them.
    seed : int
        Of the sampling.
    notes : tuple of str
        What was left out or asked twice.
    """

    labels: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    prompt_version: str
    model: str
    seed: int
    notes: tuple[str, ...] = ()


def extract_labels(
    texts: Iterable[str],
    model: LanguageModel,
    *,
    seed: int = 0,
    language: str = "en",
    sampling: Sampling = _SAMPLING,
    at_once: int = 1,
) -> list[Labels | EmoreasonError]:
    """Read the emotions that each text clearly identifies.

    Parameters
    ----------
    texts : iterable of str
        Untrusted. An empty one has no labels, and no model is asked.
    model : LanguageModel
        An engine with ``complete``.
    seed : int
        Seed of the sampling.
    language : str
        Language of the prompt; the labels are English.
    sampling : Sampling
        Greedy by default; the seed above counts.
    at_once : int
        Texts asked about at a time, from as many threads. Of use with a server.

    Returns
    -------
    list
        One for each text, in order: its labels, or the error that it failed with.

    Raises
    ------
    ConfigError
        There is no such language.
    """
    asked = replace(sampling, seed=seed)
    ask_for_labels("", language)  # a wrong language fails before anything is asked

    def read(text: str) -> Labels | EmoreasonError:
        try:
            return _labels(text, model, asked, language)
        except EmoreasonError as error:
            return error

    if at_once <= 1:
        return [read(text) for text in texts]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(read, texts))


def _labels(text: str, model: LanguageModel, sampling: Sampling, language: str) -> Labels:
    question = ask_for_labels(text, language)
    nothing = Labels(prompt_version=question.version, model=model.model, seed=sampling.seed)
    if not text_as_asked(text):
        return nothing
    answered = ask_model(question, model, sampling)
    raw = answered.value.get("labels")
    written = [item for item in raw if isinstance(item, str)] if isinstance(raw, list) else []
    labels = list(dict.fromkeys(label for item in written if (label := canonical_label(item))))
    notes = [*answered.notes, *what_was_cut(text)]
    if len(labels) > MOST_LABELS:
        notes.append(f"{len(labels)} labels were written, the first {MOST_LABELS} kept")
    return replace(nothing, labels=tuple(labels[:MOST_LABELS]), written=tuple(written), notes=tuple(notes))


def canonical_label(written: str) -> str:
    """One label as metrics compare it: lower case, no punctuation around it, English for Chinese; "" when unusable.

    Examples
    --------
    >>> canonical_label(" “Happy.” "), canonical_label("愤怒"), canonical_label("a" * 80)
    ('happy', 'angry', '')
    """
    label = neutralise(written, 4 * LONGEST_LABEL).strip(EDGES).casefold()
    label = chinese_labels().get(label, label)
    return label if len(label) <= LONGEST_LABEL else ""
