"""The application: routes, what a request passes before them, and the parts that they share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Route

from .. import __version__
from ..errors import ConfigError, EmoreasonError
from ..reasoning.engines.openai.address import KEY_PLACES, KEY_VARIABLE, SHARED_KEY_VARIABLE, Address, find_address
from .access.bodies import Bodies
from .access.door import Door
from .access.errors import answer_errors
from .batches import routes as batches
from .batches.desk import BatchDesk
from .chat import routes as chat
from .explaining import routes as explaining
from .inside import Inside
from .media.clips import ClipReader
from .models import routes as models
from .openapi import describe
from .page import routes as page
from .seeing.desk import CueDesk
from .services import Services
from .settings import ServeSettings
from .upstreams.base import Upstream
from .upstreams.evidence import EvidenceUpstream
from .upstreams.server import OpenAIUpstream
from .upstreams.vllm import VLLMUpstream
from .watching import routes as watching
from .watching.metrics import Metrics
from .watching.requests import Watched

#: These need no key.
_OPEN: Final = (watching.open_router, page.router)
_KEYED: Final = (chat.router, models.router, explaining.router, batches.router, watching.router)


def make_app(settings: ServeSettings, *, upstream: Upstream | None = None) -> FastAPI:
    """Make the ASGI application of one server.

    Parameters
    ----------
    settings : ServeSettings
        What it is told.
    upstream : Upstream, optional
        What answers chats; by default what the settings say. It is closed with the application.

    Returns
    -------
    FastAPI
        ``app.state.services`` holds its parts while it runs. For whoever runs it: ``app.state.draining``, to set when
        no further requests are to come; ``app.state.end``, called when it cannot go on; ``app.state.failure``, why not.
    """
    metrics = Metrics()
    open_routes = [route for router in _OPEN for route in router.routes if isinstance(route, Route)]
    app = FastAPI(
        title="emoreason",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # a route of ours, so that it stands in the log and the metrics as all others
        redirect_slashes=False,
        lifespan=lambda app: _running(app, settings, metrics, upstream),
        middleware=[
            Middleware(Watched, metrics=metrics),
            Middleware(Door, settings=settings, metrics=metrics, open_routes=open_routes),
            Middleware(Bodies, limits=settings.limits),
        ],
    )
    app.state.draining, app.state.failure, app.state.end = False, None, lambda: None
    for router in (*_OPEN, *_KEYED):
        # Not included but taken in: newer versions of FastAPI hide the routes of an included router, and who may pass
        # without a key, what a path allows and what the document says are read from this one list.
        app.router.routes.extend(router.routes)
    answer_errors(app)
    describe(app, open_routes)
    return app


@asynccontextmanager
async def _running(
    app: FastAPI, settings: ServeSettings, metrics: Metrics, upstream: Upstream | None
) -> AsyncIterator[None]:
    async with AsyncExitStack() as parts:
        try:
            app.state.services = services = await _open(app, parts, settings, metrics, upstream)
            await services.batches.start()
        except Exception as error:
            app.state.failure = error  # whoever runs it only gets to know that it could not start
            raise
        yield


async def _open(
    app: FastAPI, parts: AsyncExitStack, settings: ServeSettings, metrics: Metrics, upstream: Upstream | None
) -> Services:
    """Make the parts in the order of their use; they are closed in the opposite one."""
    evidence = EvidenceUpstream(settings.weights)
    upstream = upstream or _upstream_of(app, settings, metrics) or evidence
    parts.push_async_callback(upstream.aclose)
    clips = ClipReader(settings)
    parts.push_async_callback(clips.aclose)
    cues = CueDesk(settings, metrics)
    parts.push_async_callback(cues.aclose)
    desk = BatchDesk(settings, metrics, Inside(app), upstream)
    parts.push_async_callback(desk.aclose)
    return Services(
        settings=settings,
        upstream=upstream,
        evidence=evidence,
        clips=clips,
        cues=cues,
        batches=desk,
        metrics=metrics,
    )


def _upstream_of(app: FastAPI, settings: ServeSettings, metrics: Metrics) -> Upstream | None:
    """Make what asks a model; None: the engine evidence answers."""
    if settings.engine == "evidence":
        return None
    if settings.url is not None:
        return OpenAIUpstream(_address_of(settings))

    def gave_up(error: EmoreasonError) -> None:
        app.state.failure = error
        app.state.end()

    return VLLMUpstream.of(settings, metrics, gave_up)


def _address_of(settings: ServeSettings) -> Address:
    """Find the server behind this one; what is to be said about it names this command's own options."""

    def own(words: str) -> str:
        return (
            words.replace("the engine's url", "--upstream")
            .replace(KEY_PLACES, f"{SHARED_KEY_VARIABLE} or --upstream-key-file")
            .replace(KEY_VARIABLE, "the one in --upstream-key-file")
        )

    try:
        address = find_address(settings.url, settings.upstream_key_file)
    except ConfigError as error:
        raise ConfigError(own(str(error))) from None
    return replace(address, notices=tuple(map(own, address.notices)))
