"""The flags that the options of the engines are given by."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from .completion import complete_files, complete_names, engines

_PARTS: Final = ("pictures", "video", "sound")


def _parts(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    parts = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    unknown = [part for part in parts if part not in (*_PARTS, "text")]
    if unknown or not parts:
        raise click.BadParameter(f"{value!r}; expected text, or some of {', '.join(_PARTS)} between commas")
    return tuple(part for part in parts if part != "text")


def _arguments(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    return tuple(_argument(value) for value in values)


def _argument(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise click.BadParameter(f"{text!r}; expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


_COUNT: Final = click.IntRange(min=1)
_ANY_COUNT: Final = click.IntRange(min=0)


def engine_flags() -> Iterator[Callable[..., Any]]:
    """Yield them in the order in which the help lists them."""
    yield click.option(
        "--engine",
        default="evidence",
        show_default=True,
        metavar="NAME",
        shell_complete=complete_names(engines, or_files=True),
        help="What reasons: evidence (no GPU, no model), openai (a server), vllm or transformers (a model in this "
        "process), package.module:Class or file.py:Class.",
    )
    yield click.option(
        "--weights",
        type=click.Choice(["fitted", "literature"]),
        help="Of the evidence engine: fitted on research-only annotations (default), or published FACS tables alone. "
        "[env: EMOREASON_WEIGHTS]",
    )
    yield click.option(
        "--model",
        metavar="NAME|DIR",
        shell_complete=complete_files,
        help="Model: of the server (by default the one it has), or a folder or Hugging Face name.",
    )
    yield click.option(
        "--url",
        metavar="URL",
        help="Server that speaks OpenAI's protocol. [env: EMOREASON_BASE_URL; default: http://127.0.0.1:8000/v1]",
    )
    yield click.option(
        "--api-key-file",
        metavar="FILE",
        shell_complete=complete_files,
        help="File that holds the server's key alone. [env: EMOREASON_API_KEY, OPENAI_API_KEY hold the key itself]",
    )
    yield click.option(
        "--adapter",
        metavar="NAME|DIR",
        shell_complete=complete_files,
        help="LoRA adapter: folder or Hugging Face name, or as the server calls it.",
    )
    yield click.option(
        "--accepts",
        metavar="PARTS",
        callback=_parts,
        help="What the server's model takes where its name does not say: text, or some of pictures,video,sound.",
    )
    yield from _sampling_options()
    yield from _media_options()
    yield from _running_options()


def _sampling_options() -> Iterator[Callable[..., Any]]:
    yield click.option("--temperature", type=click.FloatRange(0, 2), metavar="T", help="0 is greedy. [default: 0]")
    yield click.option(
        "--top-p", type=click.FloatRange(0, 1, min_open=True), metavar="P", help="Of sampling. [default: 1]"
    )
    yield click.option("--max-tokens", type=_COUNT, metavar="N", help="Longest reply. [default: 2048]")
    yield click.option("--seed", type=click.INT, metavar="N", help="Makes sampling repeatable. [default: 0]")
    yield click.option(
        "--samples",
        type=_COUNT,
        metavar="N",
        help="Answers sampled for each clip; several are put to a vote and need --temperature. [default: 1]",
    )
    yield click.option(
        "--no-enforce",
        "enforce",
        flag_value=False,
        default=None,
        type=click.BOOL,
        help="Do not enforce the answer's schema: it is repaired, or asked for once more.",
    )


def _media_options() -> Iterator[Callable[..., Any]]:
    yield click.option(
        "--frames", type=_ANY_COUNT, metavar="N", help="Most pictures shown of a clip; 0 shows none. [default: 8]"
    )
    yield click.option("--max-pixels", type=_COUNT, metavar="N", help="Most pixels of one picture. [default: 401408]")
    yield click.option(
        "--frame-tokens", type=_ANY_COUNT, metavar="N", help="Most tokens of all its pictures. [default: 4096]"
    )
    yield click.option(
        "--no-sound",
        "sound",
        flag_value=False,
        default=None,
        type=click.BOOL,
        help="Keep the sound from a model that takes it.",
    )
    yield click.option(
        "--budget",
        type=_COUNT,
        metavar="TOKENS",
        help="Longest text of the prompt; the least telling cues are left out. [default: what the model takes]",
    )


def _running_options() -> Iterator[Callable[..., Any]]:
    yield click.option("--concurrency", type=_COUNT, metavar="N", help="Requests at a time to a server.")
    yield click.option(
        "--request-timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="A request to a server is given up after this.",
    )
    yield click.option("--retries", type=_ANY_COUNT, metavar="N", help="Tries more of a request that fails in passing.")
    yield click.option("--device", metavar="NAME", help="Where transformers runs: auto, cpu, cuda … [default: auto]")
    yield click.option(
        "--engine-arg",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_arguments,
        help="Anything else the engine's class takes (dtype=bfloat16; of a plug-in its own). VALUE is JSON or text.",
    )
