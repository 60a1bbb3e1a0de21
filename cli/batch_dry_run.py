"""``emoreason batch --dry-run``: what there is to do, what it will take, what is missing. Nothing is changed."""

import importlib.util
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import EmoreasonError
from .batch_checks import extractors_of
from .engine_options import EngineOptions
from .extraction import MediaOptions, models_of
from .options import Question
from .terminal import notice, print_json, print_line, printable

if TYPE_CHECKING:
    from ..reasoning.batch.estimate import Estimate
    from ..reasoning.batch.plan import Shard
    from ..reasoning.batch.row import Row

#: Told what to say and where media of the manifest itself go: the rows.
Rows = Callable[[Callable[[str], None], Path], "Iterator[Row]"]

#: Engine -> packages it needs, and the extra that brings them.
_PACKAGES: Final = {
    "transformers": (("torch", "transformers", "accelerate"), "train"),
    "vllm": (("torch", "vllm"), "vllm"),
}
_PROBE_S: Final = 10.0


def foresee(
    rows: Rows,
    engine: EngineOptions,
    question: Question,
    media: MediaOptions,
    part: "Shard | None",
    *,
    ray: bool,
    as_json: bool | None,
) -> None:
    """Print what a run would have to do."""
    from ..reasoning.batch.estimate import estimate, tokens

    with tempfile.TemporaryDirectory() as spool:
        every = rows(notice, Path(spool))
        found = estimate((row for row in every if part is None or part.holds(row.id)), media.limits())
    spent = None
    if "manner" in engine.keywords:
        asked = {"preset": question.preset, "language": question.language, "compounds": question.compounds}
        spent = tokens(found, engine.manner, **asked)
    missing = list(_missing(engine, extractors_of(media) if found.with_media else (), ray=ray))
    if as_json:
        print_json(json.dumps(_json(found, spent, missing, engine), ensure_ascii=False))
        return
    for line in _lines(found, spent, engine):
        print_line(printable(line))
    for line in missing or ["nothing"]:
        print_line(printable(f"missing: {line}"))


def _json(found: "Estimate", spent: dict[str, int] | None, missing: list[str], engine: EngineOptions) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "media": found.with_media,
        "cuesets": found.with_cues,
        "problems": found.problems,
        "problem_examples": found.problem_examples,
        "headers_read": found.looked_at,
        "unreadable": found.unreadable,
        "minutes": None if found.minutes is None else round(found.minutes, 2),
        "tokens": spent,
        "engine": engine.engine,
        "missing": missing,
    }


def _lines(found: "Estimate", spent: dict[str, int] | None, engine: EngineOptions) -> Iterator[str]:
    given = f", {found.with_cues} with cues that exist already" if found.with_cues else ""
    yield f"rows: {found.rows}, {found.with_media} clips{given}"
    for example in found.problem_examples:
        yield f"  cannot be worked on: {example}"
    if found.problems > len(found.problem_examples):
        yield f"  and {found.problems - len(found.problem_examples)} more"
    if found.looked_at:
        how = "" if found.looked_at == found.with_media else f", by the headers of {found.looked_at} of them"
        minutes = "not known" if found.minutes is None else f"{found.minutes:,.1f} minutes"
        yield f"media: {minutes}{how}"
    if found.unreadable:
        yield f"  {found.unreadable} of {found.looked_at} files that were looked at cannot be read"
    if spent is None:
        yield f"tokens: none, the engine {engine.engine} reads cues"
    else:
        yield f"tokens: about {spent['prompt']:,} to read, at most {spent['completion']:,} to write"


def _missing(engine: EngineOptions, extractors: Sequence[str], *, ray: bool) -> Iterator[str]:
    """Say what a run would lack."""
    from ..cues.models import list_models

    wanted = models_of(extractors)
    for state in list_models():
        if state.model.name in wanted and state.status != "ready":
            yield f"model file {state.model.name} (emoreason models fetch)"
    packages, extra = _PACKAGES.get(engine.engine, ((), ""))
    lacking = [name for name in packages if importlib.util.find_spec(name) is None]
    if lacking:
        yield f"{', '.join(lacking)} (pip install 'emoreason[{extra}]')"
    if ray and importlib.util.find_spec("ray") is None:
        yield "ray (pip install 'emoreason[scale]')"
    if engine.engine == "openai":
        yield from _server(engine)


def _server(engine: EngineOptions) -> Iterator[str]:
    """Ask the server for its models, once."""
    try:
        made = replace(engine, retries=0, request_timeout=_PROBE_S).load()
        try:
            made.capabilities()  # type: ignore[attr-defined]
        finally:
            made.close()  # type: ignore[attr-defined]
    except EmoreasonError as error:
        yield f"the server: {error}"
