"""What the libraries of a run say of their own accord is kept down: the run says what matters."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Read by the libraries when they are imported; what the user has set stays.
_ENVIRONMENT: Final = {
    "DATASETS_VERBOSITY": "error",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",  # else a warning for each process that is forked
    "TRANSFORMERS_VERBOSITY": "error",
    "TRL_EXPERIMENTAL_SILENCE": "1",
}
_LOGGERS: Final = ("accelerate", "datasets", "peft", "torch", "transformers", "trl")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Let them speak up only for errors while the block runs; ``EMOREASON_DEBUG=1`` lets them say all."""
    if os.environ.get("EMOREASON_DEBUG", "") not in ("", "0"):
        yield
        return
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
