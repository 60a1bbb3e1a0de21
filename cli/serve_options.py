"""Options of ``emoreason serve``: what answers, who may ask, what a request may cost."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import click

from ..errors import ConfigError
from .completion import complete_files
from .grouped import GroupedCommand
from .options import Decorator, gathered_into

if TYPE_CHECKING:
    from ..serving.settings import MediaLimits

KEY_VARIABLE: Final = "EMOREASON_API_KEY"
WEIGHTS_VARIABLE: Final = "EMOREASON_WEIGHTS"
_COUNT: Final = click.IntRange(min=1)
_ANY_COUNT: Final = click.IntRange(min=0)
_SECONDS: Final = click.FloatRange(min=0, min_open=True)
_FILE: Final = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What answers."""

    engine: str | None
    weights: str | None
    model: str | None
    lora: tuple[tuple[str, str], ...]
    vllm_arg: tuple[str, ...]
    upstream: str | None
    upstream_key_file: Path | None

    def settings(self) -> dict[str, Any]:
        """Return the fields of ``ServeSettings`` that this decides.

        Raises
        ------
        ConfigError
            The options do not go together.
        """
        from_elsewhere = self.model is not None or self.upstream is not None
        engine = self.engine or ("upstream" if from_elsewhere else "evidence")
        if engine == "evidence" and from_elsewhere:
            raise ConfigError("the engine evidence takes no --model and no --upstream; leave --engine out")
        if self.model is None and (self.lora or self.vllm_arg):
            raise ConfigError("--lora and --vllm-arg are for the server that --model starts")
        if self.upstream is None and self.upstream_key_file is not None:
            raise ConfigError("--upstream-key-file is for --upstream")
        return {
            "engine": engine,
            "weights": self.weights or os.environ.get(WEIGHTS_VARIABLE) or "fitted",
            "model": self.model,
            "adapters": self.lora,
            "vllm_arguments": self.vllm_arg,
            "url": self.upstream,
            "upstream_key_file": self.upstream_key_file,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where it listens, and to whom."""

    host: str
    port: int
    api_key_file: Path | None
    requests_per_minute: int | None
    tls_cert: Path | None
    tls_key: Path | None
    trust_proxy: bool

    def settings(self) -> dict[str, Any]:
        """Return the fields of ``ServeSettings`` that this decides.

        Raises
        ------
        ConfigError
            The keys cannot be read.
        """
        return {
            "host": self.host,
            "port": self.port,
            "keys": self._keys(),
            "requests_per_minute": self.requests_per_minute,
            "certificate": self.tls_cert,
            "private_key": self.tls_key,
            "trust_proxy": self.trust_proxy,
        }

    def _keys(self) -> tuple[str, ...]:
        from ..serving.access.keys import checked_keys, read_keys

        # Out of the environment: children (vLLM, extraction) have no use for it.
        own = os.environ.pop(KEY_VARIABLE, "").strip()
        keys = checked_keys((own,), KEY_VARIABLE) if own else ()
        return keys if self.api_key_file is None else (*keys, *read_keys(self.api_key_file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What requests may cost."""

    allow_host: tuple[str, ...]
    jobs: int | None
    queue: int
    cache: int
    max_body: int
    max_upload: int
    max_fetch: int
    fetch_timeout: float
    max_audio: int
    max_parts: int
    max_frames: int
    max_duration: float
    max_pixels: int
    fps: float
    timeout: float | None
    memory: int

    def settings(self) -> dict[str, Any]:
        """Return the fields of ``ServeSettings`` that this decides."""
        return {
            "allowed_hosts": tuple(dict.fromkeys(host.strip().lower().rstrip(".") for host in self.allow_host)),
            "jobs": self.jobs,
            "queue": self.queue,
            "cache_mb": self.cache,
            "limits": self._limits(),
        }

    def _limits(self) -> "MediaLimits":
        from ..cues.limits import Limits
        from ..serving.settings import MediaLimits

        most = max(self.max_body, self.max_upload, self.max_fetch) << 20
        return MediaLimits(
            body_bytes=self.max_body << 20,
            upload_bytes=self.max_upload << 20,
            fetch_bytes=self.max_fetch << 20,
            fetch_timeout_s=self.fetch_timeout,
            audio_bytes=self.max_audio << 20,
            parts=self.max_parts,
            frames=self.max_frames,
            clip=Limits(
                max_bytes=most,
                max_duration_s=self.max_duration,
                max_pixels=self.max_pixels,
                max_fps=self.fps,
                timeout_s=self.timeout,
                memory_mb=self.memory,
            ),
        )


def _adapters(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for value in values:
        name, separator, path = value.partition("=")
        if not separator or not name.strip() or not path.strip():
            raise click.BadParameter(f"{value!r}; expected NAME=PATH")
        if name in (known for known, _ in pairs):
            raise click.BadParameter(f"two adapters are called {name}")
        pairs.append((name, path))
    return tuple(pairs)


def _number(name: str, default: float, says: str, kind: click.ParamType[Any] = _COUNT, metavar: str = "N") -> Decorator:
    return click.option(name, type=kind, default=default, show_default=True, metavar=metavar, help=says)


_ANSWERING: Final = (
    click.option(
        "--engine",
        type=click.Choice(["evidence", "upstream"]),
        help="evidence: the engine without a model; upstream: a model. [default: upstream with --model or --upstream]",
    ),
    click.option(
        "--weights",
        type=click.Choice(["fitted", "literature"]),
        help="Of the evidence engine: fitted on research-only annotations (default), or published FACS tables alone. "
        f"[env: {WEIGHTS_VARIABLE}]",
    ),
    click.option("--model", metavar="HF_ID|DIR", help="Start vllm serve with this model, and look after it."),
    click.option(
        "--lora",
        multiple=True,
        callback=_adapters,
        metavar="NAME=PATH",
        help="LoRA adapter beside --model; a request asks for it by NAME. Can be given again.",
    ),
    click.option(
        "--vllm-arg",
        multiple=True,
        metavar="ARG",
        help="Further argument of vllm serve (--vllm-arg=--max-model-len=8192). Can be given again.",
    ),
    click.option("--upstream", metavar="URL", help="An OpenAI-compatible server instead (http://127.0.0.1:8001/v1)."),
    click.option(
        "--upstream-key-file", type=_FILE, metavar="FILE", shell_complete=complete_files, help="Holds its key alone."
    ),
)
_ACCESS: Final = (
    click.option(
        "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Others than loopback need a key."
    ),
    click.option(
        "--port",
        type=click.IntRange(0, 65_535),
        default=8000,
        show_default=True,
        help="0 takes a free one; see stdout.",
    ),
    click.option(
        "--api-key-file",
        type=_FILE,
        metavar="FILE",
        shell_complete=complete_files,
        help=f"Keys that let clients in, one on each line. [env: {KEY_VARIABLE} holds one key]",
    ),
    click.option(
        "--requests-per-minute", type=_COUNT, metavar="N", help="For each key, without keys for each address."
    ),
    click.option("--tls-cert", type=_FILE, metavar="FILE", shell_complete=complete_files, help="Certificate (PEM)."),
    click.option("--tls-key", type=_FILE, metavar="FILE", shell_complete=complete_files, help="Its private key (PEM)."),
    click.option("--trust-proxy", is_flag=True, help="Believe X-Forwarded-For and -Proto of a proxy on this machine."),
)
_COSTS: Final = (
    click.option(
        "--allow-host",
        multiple=True,
        metavar="NAME",
        help="Fetch media from this host; none is fetched from by default. Can be given again.",
    ),
    click.option("--jobs", type=_COUNT, metavar="N", help="Clips measured at a time. [default: one for two cores]"),
    _number("--queue", 32, "Clips that may wait; further ones are answered 429.", _ANY_COUNT),
    _number("--cache", 256, "Memory for cues of clips seen before, MiB; 0 keeps none.", _ANY_COUNT, "MIB"),
    _number("--max-body", 32, "Body of a request, MiB.", metavar="MIB"),
    _number("--max-upload", 200, "Uploaded file, MiB.", metavar="MIB"),
    _number("--max-fetch", 256, "Media fetched from an allowed host, MiB.", metavar="MIB"),
    _number("--fetch-timeout", 30.0, "For all of one fetch, seconds.", _SECONDS, "S"),
    _number("--max-audio", 25, "Encoded sound, MiB.", metavar="MIB"),
    _number("--max-parts", 8, "Media parts of one request."),
    _number("--max-frames", 256, "Pictures of a list of frames."),
    _number("--max-duration", 600.0, "Length of a clip, seconds.", _SECONDS, "S"),
    _number("--max-pixels", 100_000_000, "Width times height of a frame."),
    _number("--fps", 30.0, "Frames analysed per second.", _SECONDS),
    click.option(
        "--timeout",
        type=_SECONDS,
        metavar="S",
        help="For measuring one clip. [default: two minutes plus five times its length]",
    ),
    _number("--memory", 3072, "Memory for measuring one clip, MiB.", metavar="MIB"),
)

answering_options = gathered_into(Answering, "answering", _ANSWERING)
access_options = gathered_into(Access, "access", _ACCESS)
cost_options = gathered_into(Costs, "costs", _COSTS)


class ServeCommand(GroupedCommand):
    """The verb's help in groups."""

    titles: ClassVar[dict[str, str]] = {
        field.name: title
        for title, cls in (
            ("What answers", Answering),
            ("Where, and who may ask", Access),
            ("What a request may cost", Costs),
        )
        for field in fields(cls)
    }
