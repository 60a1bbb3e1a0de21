"""``emoreason train merge``: an adapter put into its base model."""

import json
from pathlib import Path
from typing import Final

import click

from .completion import complete_folders
from .options import json_option, offline_option
from .rewards import own_stdout
from .terminal import notice, print_json, print_line, printable
from .train_configs import stdout_is_json
from .train_quiet import quiet_libraries

_HELP: Final = """Put an adapter into its base model: a folder that loads without PEFT.

ADAPTER is the folder of a run, or any LoRA adapter of PEFT. The base model is the one the adapter names, unless --model
names another place of it. Nothing that is there is overwritten.

\b
Examples:
  emoreason train merge taught --out merged
  emoreason train merge taught --out merged --model /models/Qwen3-VL-4B-Instruct
  vllm serve merged

\b
Exit codes: 0 merged, 2 usage or configuration error, 3 it could not be written."""


@click.command(help=_HELP)
@click.argument("adapter", metavar="ADAPTER", shell_complete=complete_folders)
@click.option(
    "--out", required=True, metavar="DIR", shell_complete=complete_folders, help="Folder of the merged model."
)
@click.option("--model", metavar="NAME", help="Where the base model is. [default: as the adapter says]")
@json_option
@offline_option
def merge(adapter: str, out: str, model: str | None, as_json: bool | None) -> None:
    """Merge an adapter."""
    from ..training.model.merging import merge_adapter

    with own_stdout(), quiet_libraries():
        folder = merge_adapter(Path(adapter), Path(out), model=model)
    if stdout_is_json(as_json):
        print_json(json.dumps({"event": "merged", "folder": str(folder)}, ensure_ascii=False))
        return
    print_line(printable(str(folder)))
    notice(f"loads as any model: vllm serve {folder}")
