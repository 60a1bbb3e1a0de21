"""CueSet -> Explanation: ask an engine, read what it wrote, add what could not be observed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..records import CueSet, Explanation
from .engines import Engine, Reply, Request, load_engine
from .purpose import declared_purpose

if TYPE_CHECKING:
    from ..cues.extractor import Settings
    from .demonstrations import Demonstration


def explain_cues(
    cueset: CueSet,
    engine: str | Engine = "evidence",
    *,
    preset: str = "explain",
    language: str = "en",
    compounds: bool = False,
    demonstrations: "Callable[[CueSet], tuple[Demonstration, ...]] | None" = None,
) -> Explanation:
    """Explain one clip from its cues.

    Parameters
    ----------
    cueset : CueSet
        Cues and gaps, extracted here or by other tools.
    engine : str or Engine
        What reasons over them: a registered name, ``package.module:Class``, ``file.py:Class``, or an engine
        (:func:`emoreason.reasoning.engines.load_engine`).
    preset, language : str
        Which prompt (``prompts/``).
    compounds : bool
        Ask for compound emotions (``happily surprised``) too.
    demonstrations : callable, optional
        Finds labelled examples to show the model first, the most similar one first.

    An engine that is given stays open; one that is loaded here by its name is closed.

    Raises
    ------
    EmoreasonError
        The engine cannot answer, or what it wrote cannot be read.
    """
    request = Request(
        cueset=cueset,
        preset=preset,
        language=language,
        compounds=compounds,
        demonstrations=() if demonstrations is None else demonstrations(cueset),
    )
    with _open(engine) as chosen:
        return explanation_of(chosen.answer(request), cueset, chosen, preset)


def explanation_of(reply: Reply, cueset: CueSet, engine: Engine, preset: str = "explain") -> Explanation:
    """Read what an engine wrote about a clip.

    Raises
    ------
    ModelOutputError
        It cannot be read.
    """
    from ..prompts.contract import read_answer

    explanation = read_answer(
        reply.text,
        cueset,
        engine=engine.name,
        model=engine.model,
        prompt_version=reply.prompt_version,
        preset=preset,
    )
    return replace(
        explanation,
        generation=None if reply.generation is None else dict(reply.generation),
        notes=tuple(dict.fromkeys((*reply.notes, *explanation.notes))),
    )


def explain(
    path: str | Path,
    *,
    engine: str | Engine = "evidence",
    preset: str = "explain",
    language: str = "en",
    compounds: bool = False,
    demonstrations: "Callable[[CueSet], tuple[Demonstration, ...]] | None" = None,
    settings: "Settings | None" = None,
    purpose: str | None = None,
) -> Explanation:
    """Explain the emotion a video, audio file or picture expresses.

    Parameters
    ----------
    path : str or Path
        The clip.
    engine : str or Engine
        A registered name, ``package.module:Class``, ``file.py:Class``, or an engine.
    preset, language, compounds, demonstrations
        As for :func:`explain_cues`.
    settings : Settings, optional
        What extraction should know (transcript, speaker baseline).
    purpose : str, optional
        What this is for; by default ``EMOREASON_PURPOSE`` (:mod:`emoreason.reasoning.purpose`).

    Raises
    ------
    EmoreasonError
        The purpose is refused, the clip cannot be read, or the engine cannot answer.

    Examples
    --------
    >>> import emoreason
    >>> explanation = emoreason.explain("clip.mp4", purpose="research")  # doctest: +SKIP
    >>> explanation.labels  # doctest: +SKIP
    ('happy', 'amused')
    """
    from ..cues import extract

    declared_purpose(purpose)
    with _open(engine) as chosen:
        cueset = extract(path, settings=settings)
        return explain_cues(
            cueset, chosen, preset=preset, language=language, compounds=compounds, demonstrations=demonstrations
        )


@contextmanager
def _open(engine: str | Engine) -> Iterator[Engine]:
    """Load an engine by its name and close it afterwards; one that is given belongs to whoever gave it."""
    if not isinstance(engine, str):
        yield engine
        return
    chosen = load_engine(engine)
    try:
        yield chosen
    finally:
        close = getattr(chosen, "close", None)
        if callable(close):
            close()
