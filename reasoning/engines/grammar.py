"""A JSON Schema enforced while a transformers model writes, where xgrammar (Apache-2.0) is installed.

vLLM brings it along; ``pip install xgrammar`` is enough. Without it the answer is checked after it is written.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...errors import ConfigError
from ...torch_imports import import_heavy

#: Compiled schemas kept; each clip has its own cue ids and so its own schema.
_CACHE_BYTES: Final = 256 << 20


class Grammar:
    """Compiles schemas for one tokenizer.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        The model's.
    vocabulary : int
        Tokens the model has logits for; may be more than the tokenizer has.
    ends : sequence of int
        Ids of the tokens that end a reply.

    Raises
    ------
    ConfigError
        xgrammar is not installed, or knows no such tokenizer.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        xgrammar, self._processors = import_heavy("xgrammar"), import_heavy("xgrammar.contrib.hf")
        try:
            info = xgrammar.TokenizerInfo.from_huggingface(
                tokenizer, vocab_size=vocabulary, stop_token_ids=list(ends) or None
            )
            self._compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_limit_bytes=_CACHE_BYTES)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ConfigError(f"xgrammar does not take this tokenizer: {_line(error)}") from error

    def processor(self, schema: Mapping[str, Any]) -> Any:
        """Return a logits processor for one reply that is to be valid JSON by ``schema``, on one line.

        Raises
        ------
        ConfigError
            xgrammar does not take the schema.
        """
        try:  # white space is fixed: a weak model would else write nothing but that
            compiled = self._compiler.compile_json_schema(dict(schema), any_whitespace=False)
        except (RuntimeError, ValueError) as error:
            raise ConfigError(f"xgrammar does not take the schema: {_line(error)}") from error
        return self._processors.LogitsProcessor(compiled)


def grammar_text(schema: Mapping[str, Any]) -> str:
    """Return the schema as a grammar (EBNF) of the JSON that fits it, on one line, spaced as the prompt shows it.

    For vLLM, whose own way to keep white space out also takes it from behind colons: a model is then forced off the
    tokens it would write.

    Raises
    ------
    ConfigError
        xgrammar is not installed, or does not take the schema.
    """
    try:
        return str(import_heavy("xgrammar").Grammar.from_json_schema(json.dumps(schema), any_whitespace=False))
    except (RuntimeError, ValueError, TypeError) as error:
        raise ConfigError(f"xgrammar does not take the schema: {_line(error)}") from error


def grammar_for(tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> Grammar | None:
    """Return a grammar where one can be had, else None."""
    try:
        return Grammar(tokenizer, vocabulary, ends)
    except ConfigError:
        return None


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
