"""A judge of drafts, and what compares texts by meaning: options of ``emoreason synth`` that are measures alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError
from .completion import complete_files
from .options import Decorator

if TYPE_CHECKING:
    from ..data_synth.judging import DraftJudge
    from ..rewards.embedders import Embedder

#: The embedder that needs no model.
HASHED: Final = "hashed"

JUDGING: Final[tuple[Decorator, ...]] = (
    click.option(
        "--judge-url", metavar="URL",
        help="Server of a judge (OpenAI's protocol). It grades drafts that can become rows, and rejects none: "
        "grounding, relevance, coherence. 'synth review' measures how far it agrees with people.",
    ),
    click.option("--judge-model", metavar="NAME", help="Model of the judge; it is pinned."),
    click.option(
        "--judge-key-file", metavar="FILE", shell_complete=complete_files,
        help="File that holds the server's key alone. [env: EMOREASON_API_KEY, OPENAI_API_KEY hold the key itself]",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The judge; none unless a model is named."""

    judge_url: str | None
    judge_model: str | None
    judge_key_file: str | None

    def judge(self) -> "DraftJudge | None":
        """Return the judge.

        Raises
        ------
        ConfigError
            No model is named, or the address or the key cannot be used.
        """
        if self.judge_model is None:
            stated = {"--judge-url": self.judge_url, "--judge-key-file": self.judge_key_file}
            if given := next((name for name, value in stated.items() if value is not None), None):
                raise ConfigError(f"{given} names no model, and a judge is pinned: name it with --judge-model")
            return None
        from ..reasoning.engines.openai.address import find_address
        from ..rewards.judge import Judge

        address = find_address(self.judge_url, Path(self.judge_key_file) if self.judge_key_file else None)
        return Judge(address.url, self.judge_model, key=address.key)


def find_embedder(name: str | None) -> "Embedder | None":
    """Return the embedder of that name: ``hashed``, or a sentence-transformers model on this machine.

    Raises
    ------
    ConfigError
        There is no such model on this machine.
    """
    if name is None:
        return None
    from ..rewards.embedders import HashedEmbedder, SentenceTransformerEmbedder

    return HashedEmbedder() if name == HASHED else SentenceTransformerEmbedder(name)
