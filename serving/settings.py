"""What a server is told: where it listens, what answers, what a request may cost, who may ask."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from ..cues.limits import Limits
from ..errors import ConfigError

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
_LARGEST_PORT: Final = 65_535
_LONGEST_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What media of one request may cost; the values follow vLLM's own where it has one.

    Attributes
    ----------
    body_bytes : int
        A request's body.
    upload_bytes : int
        A file of ``/v1/files``, and media sent as multipart.
    fetch_bytes : int
        Media fetched from an allowed host.
    fetch_timeout_s : float
        For all of one fetch.
    audio_bytes : int
        Encoded sound.
    parts : int
        Media parts of one request.
    frames : int
        Pictures of a list of frames.
    clip : Limits
        What decoding and measuring one clip may cost.
    """

    body_bytes: int = 32 << 20
    upload_bytes: int = 200 << 20
    fetch_bytes: int = 256 << 20
    fetch_timeout_s: float = 30.0
    audio_bytes: int = 25 << 20
    parts: int = 8
    frames: int = 256
    clip: Limits = field(default_factory=lambda: Limits(max_duration_s=600.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Everything that ``emoreason serve`` is told.

    Attributes
    ----------
    host, port
        Where it listens; port 0 takes a free one.
    engine : str
        ``evidence`` or ``upstream`` (``url``, or a ``vllm serve`` of ours when ``model`` is given).
    weights : str
        Of the engine ``evidence``, which is there beside every model: ``fitted`` or ``literature``.
    url, upstream_key_file
        Of the server behind this one.
    model : str or None
        Served by a ``vllm serve`` that is started and supervised.
    adapters : tuple of (name, path)
        LoRA adapters for it.
    vllm_arguments : tuple of str
        Further arguments of ``vllm serve``.
    keys : tuple of str
        Any of them lets a client in; none: no key is asked for, which only a loopback address allows.
    allowed_hosts : tuple of str
        Hosts that media may be fetched from; none by default.
    purpose : str or None
        What it is for (:mod:`emoreason.reasoning.purpose`).
    limits : MediaLimits
        What media may cost.
    jobs : int or None
        Clips measured at a time; None: one for each two cores, at least one.
    queue : int
        Clips that may wait; further ones are answered 429.
    cache_mb : int
        Memory for cues by content hash; 0 keeps none.
    requests_per_minute : int or None
        For each key (or, without keys, each address); None: no limit.
    state : Path or None
        Folder of files and batches; None: one of the user's own for this port.
    drain_s : float
        How long a shutdown waits for what is under way.
    certificate, private_key : Path or None
        TLS.
    trust_proxy : bool
        Believe ``X-Forwarded-For`` and ``-Proto`` of a proxy on this machine.

    Raises
    ------
    ConfigError
        They do not go together.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    engine: str = "evidence"
    weights: str = "fitted"
    url: str | None = None
    upstream_key_file: Path | None = None
    model: str | None = None
    adapters: tuple[tuple[str, str], ...] = ()
    vllm_arguments: tuple[str, ...] = ()
    keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ()
    purpose: str | None = None
    limits: MediaLimits = field(default_factory=MediaLimits)
    jobs: int | None = None
    queue: int = 32
    cache_mb: int = 256
    requests_per_minute: int | None = None
    state: Path | None = None
    drain_s: float = 30.0
    certificate: Path | None = None
    private_key: Path | None = None
    trust_proxy: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _LARGEST_PORT:
            raise ConfigError(f"port is {self.port}; expected 0 to {_LARGEST_PORT}")
        if self.engine not in ("evidence", "upstream"):
            raise ConfigError(f"engine is {self.engine!r}; expected evidence or upstream")
        if self.engine == "upstream" and (self.url is None) == (self.model is None):
            raise ConfigError("expected a model to serve, or the URL of a server that does, and not both")
        for name, seconds in (("drain", self.drain_s), ("fetch timeout", self.limits.fetch_timeout_s)):
            if not 0 <= seconds <= _LONGEST_S:  # neither is nan
                raise ConfigError(f"{name} is {seconds:g} s; expected 0 to {_LONGEST_S}")
        if not self.host:
            raise ConfigError("the host to listen on is empty; expected an address such as 127.0.0.1")
        if not self.keys and not self.on_loopback:
            raise ConfigError(
                f"{self.host} can be reached from other machines, and no key is asked for; set EMOREASON_API_KEY or "
                "--api-key-file, or listen on 127.0.0.1"
            )

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False
