"""Running the application: address, TLS, limits on connections, an end that waits for what is under way."""

import socket
from types import FrameType

import uvicorn

from ..errors import ConfigError
from .app import make_app
from .settings import ServeSettings


def serve(settings: ServeSettings) -> None:
    """Serve until asked to end."""
    app = make_app(settings)
    listening = _listen(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=int(settings.drain_s),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
        proxy_headers=settings.trust_proxy,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets=None) -> None:
            await super().startup(sockets)
            host, port = listening.getsockname()[:2]
            print(f"http://{host}:{port}", flush=True)  # noqa: T201

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state.draining = True
            super().handle_exit(sig, frame)

    Server(config).run(sockets=[listening])


def _listen(settings: ServeSettings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        raise ConfigError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
