"""What came in -> the cues of the clip, or what was written about them and what of it the cues bear out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.datastructures import UploadFile

from ...cues.container import one_line
from ...reasoning.engines import Reply, Request
from ...reasoning.engines.evidence import EvidenceEngine
from ...reasoning.explain import explain_cues
from ...records import CueSet
from ...records.convert import to_json
from ..chat.evidence import Basis, evidence_of
from ..fields import LONGEST_NAME, cueset_of
from ..refusals import ApiError
from ..services import Services
from ..upstreams.evidence import MODEL, EvidenceUpstream
from .asked import Asked
from .asking import ask_model

_PIECE_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Given:
    """What came in: what is asked, and the file of a form."""

    asked: Asked
    file: UploadFile | None = None


async def measured_cues(services: Services, given: Given) -> dict[str, Any]:
    """Return the CueSet of a clip as JSON, with ``notes`` where there is something to say about the clip.

    Raises
    ------
    EmoreasonError, ApiError
        The clip cannot be read, breaks a limit, or there is no room for it.
    """
    async with _measured(services, given) as (cueset, notes):
        return _shown(cueset) | ({"notes": list(notes)} if notes else {})


async def explained(services: Services, given: Given) -> dict[str, Any]:
    """Return an Explanation and its evidence as JSON.

    Raises
    ------
    EmoreasonError, ApiError
        As :func:`measured_cues`; or the model cannot be asked, or its answer not be used.
    """
    async with _measured(services, given) as (cueset, notes):
        return await _explained(services, given.asked, cueset, notes)


@asynccontextmanager
async def _measured(services: Services, given: Given) -> AsyncIterator[tuple[CueSet, tuple[str, ...]]]:
    """Cues of what came in, and what is to be said about them; the clip's file is there during the block."""
    asked = given.asked
    if asked.cues is not None:
        yield await asyncio.to_thread(cueset_of, "cues", asked.cues, asked.transcript), ()
        return
    async with services.clips.request() as media:
        name: str | None = None
        with services.metrics.stage("fetch"):
            if asked.media is not None:
                spooled = await media.spool(asked.media)
            elif given.file is not None:
                name = _named(given.file.filename)
                spooled = await media.spool_bytes(_pieces(given.file), "file")
        gathered = await services.cues.gathered(spooled, transcript=asked.transcript)
        cueset = gathered.cueset
        if name is not None:
            cueset = replace(cueset, clip=replace(cueset.clip, id=name))
        yield cueset, spooled.notes


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE_BYTES):
        yield piece


def _named(name: str | None) -> str | None:
    """Name of a file as the client's own system has it, without folders; None: there is none to use."""
    last = one_line((name or "").replace("\\", "/").rpartition("/")[2].strip())[:LONGEST_NAME]
    return last or None


def _shown(cueset: CueSet) -> dict[str, Any]:
    """Return cues as JSON, without the path: the file is gone when they are read."""
    return to_json(replace(cueset, clip=replace(cueset.clip, path=None)))


async def _explained(services: Services, asked: Asked, cueset: CueSet, notes: tuple[str, ...]) -> dict[str, Any]:
    request = Request(cueset=cueset, preset=asked.preset, language=asked.language, compounds=asked.compounds)
    with services.metrics.stage("upstream"):
        model = await _model(services, asked)
        if model is None:
            engine = services.evidence.engine
            name, wrote_it = engine.name, engine.model
            reply = await asyncio.to_thread(engine.answer, request)
        else:
            name, wrote_it = "openai", model
            reply = await ask_model(services.upstream, model, request, services.cues.reading)
    reply = replace(reply, notes=(*notes, *reply.notes))
    with services.metrics.stage("evidence"):
        answer = await asyncio.to_thread(_answer, request, _Answered(name, wrote_it, reply))
    services.metrics.judged(answer["evidence"]["counts"])
    return answer


async def _model(services: Services, asked: Asked) -> str | None:
    """Name of the upstream's model to ask; None: the engine evidence."""
    if isinstance(services.upstream, EvidenceUpstream):
        if asked.model in (None, MODEL):
            return None
        message = f"there is no model {asked.model!r}; there is {MODEL}"
        raise ApiError(404, message, param="model", code="model_not_found")
    if asked.model is not None:
        return None if asked.model == MODEL else asked.model
    listed = await services.upstream.models()
    names: list[str] = [model["id"] for model in listed if isinstance(model.get("id"), str) and model["id"] != MODEL]
    if not names:
        raise ApiError(400, "name the model to ask in model: the server behind this one lists none", param="model")
    return names[0]


@dataclass(slots=True)
class _Answered:
    """A reply that is there already, as an engine."""

    name: str
    model: str
    reply: Reply

    def answer(self, request: Request) -> Reply:
        """Return it."""
        return self.reply


def _answer(request: Request, answered: _Answered) -> dict[str, Any]:
    """Read and check what was written. Blocks."""
    explanation = explain_cues(
        request.cueset,
        answered,
        preset=request.preset,
        language=request.language,
        compounds=request.compounds,
    )
    reply = answered.reply
    basis = Basis(
        cueset=request.cueset, preset=request.preset, prompt_version=reply.prompt_version, notes=reply.notes,
        observations_alone=answered.name == EvidenceEngine.name,
    )  # fmt: skip
    return {"explanation": to_json(explanation), "evidence": evidence_of(reply.text, basis)}
