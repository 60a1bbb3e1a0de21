"""Running the application: address, TLS, limits on connections, an end that waits for what is under way."""

import logging
import math
import signal
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ..errors import ConfigError
from .access.connections import GuardedProtocol
from .app import make_app
from .settings import ServeSettings
from .watching.logs import LOGGER, write_logs

_WAITING = 2048


def serve(settings: ServeSettings, started: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT, and until what is under way is done then.

    Parameters
    ----------
    settings : ServeSettings
        What it is told.
    started : callable
        Gets the address to open (``http://127.0.0.1:8000``) when requests are answered.

    Raises
    ------
    ConfigError
        The address cannot be had, or certificate and key cannot be used.
    EmoreasonError
        A part of the server cannot be made.
    """
    _check_certificate(settings)
    listening = _listen(settings)
    app = make_app(settings)
    server = _Server(_config(app, settings), app, lambda: started(_address(listening, settings)))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # the signal that it ended by, raised again by uvicorn
        if not server.started:
            raise
    except SystemExit:  # a part could not be made
        if app.state.failure is None:
            raise
    if app.state.failure is not None:
        raise app.state.failure
    LOGGER.info("ended")


class _Server(uvicorn.Server):
    """Says when it listens, and has ``/ready`` say that it ends."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, listens: Callable[[], object]) -> None:
        super().__init__(config)
        self._app, self._listens = app, listens
        app.state.end = self._end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        said = logging.getLogger("uvicorn.error")
        level = said.level
        said.setLevel(logging.CRITICAL)  # what stops the start is raised by :func:`serve`
        await super().startup(sockets)
        said.setLevel(level)
        self._listens()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        LOGGER.info("ending: %s", signal.Signals(sig).name)
        self._app.state.draining = True
        super().handle_exit(sig, frame)

    def _end(self) -> None:
        self._app.state.draining = True
        self.should_exit = True


def _config(app: FastAPI, settings: ServeSettings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_WAITING,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=math.ceil(settings.drain_s),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
        proxy_headers=settings.trust_proxy,
        forwarded_allow_ips=["127.0.0.1", "::1"],
        workers=1,
    )
    write_logs()
    return config


def _listen(settings: ServeSettings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, settings.port), family=family, backlog=_WAITING)
    except OSError as error:
        remedy = "choose another with --port, or 0 for a free one" if settings.port else "name another with --host"
        raise ConfigError(f"cannot listen on {host} port {settings.port}: {error.strerror}; {remedy}") from None


def _address(listening: socket.socket, settings: ServeSettings) -> str:
    """Address to open: where it listens, or where it listens on all addresses, this machine."""
    host, port = listening.getsockname()[:2]
    if ip_address(host).is_unspecified:
        LOGGER.info("listens on all addresses of this machine (%s)", host)
        host = "::1" if ":" in host else "127.0.0.1"
    scheme = "https" if settings.certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _check_certificate(settings: ServeSettings) -> None:
    if settings.certificate is None:
        if settings.private_key is not None:
            raise ConfigError("a private key for TLS was given, and no certificate")
        return

    def passphrase() -> str:  # asked for on the terminal otherwise, and again by uvicorn
        raise ConfigError(
            f"the key of the certificate {settings.certificate} asks for a pass phrase; give one without "
            "(openssl pkey -in KEY -out PLAIN)"
        )

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.private_key, password=passphrase)
    except ssl.SSLError as error:
        why = "they do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else "expected PEM files"
        raise ConfigError(f"certificate {settings.certificate} and its key cannot be used: {why}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(f"certificate {settings.certificate} and its key cannot be used: {reason}") from None
