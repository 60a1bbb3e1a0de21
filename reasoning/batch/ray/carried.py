"""What travels between the processes of a batch on Ray: the plan once, rows and outcomes as JSON."""

import json
import os
import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .... import __version__
from ....errors import ConfigError, EmoreasonError, UpstreamError
from ....records import CueSet
from ....records.convert import to_json
from ...engines.base import Engine, Reply
from ..kept_cues import KeptCues
from ..memory import StageResults
from ..plan import Plan
from ..preparing import broke
from ..stages import Outcome

if TYPE_CHECKING:
    import pyarrow as pa

#: Modules of plug-ins that are files (``plugin.py``): no other process could import them by name.
_FROM_FILES: Final = "emoreason_plugin_"
_SETTINGS: Final = "EMOREASON_"
_SECRETS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def carry(plan: Plan) -> dict[str, Any]:
    """Put a plan into a form that workers can be given.

    It is pickled by value (``cloudpickle``, as Ray does with every function), because it holds callables. Workers
    therefore trust this process, and it trusts them no further than with JSON. Beside it go the folder that relative
    paths start from, where Python looks for modules, and the settings of the environment without keys: those a worker
    has of its own, or reads from a file.

    Raises
    ------
    ConfigError
        A plug-in holds what cannot be pickled.
    """
    from ray import cloudpickle as untyped

    cloudpickle: Any = untyped
    from_files = [module for name, module in list(sys.modules.items()) if name.startswith(_FROM_FILES)]
    for module in from_files:
        cloudpickle.register_pickle_by_value(module)
    try:
        pickled = cloudpickle.dumps(plan)
    except Exception as error:  # whatever a plug-in's objects raise
        raise ConfigError(
            f"--ray: what was asked for cannot be sent to other processes: {type(error).__name__}: {error}"
        ) from error
    finally:
        for module in from_files:
            cloudpickle.unregister_pickle_by_value(module)
    known = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_SETTINGS) and not any(word in name for word in _SECRETS)
    }
    return {
        "version": __version__,
        "folder": os.getcwd(),
        "modules": [os.path.abspath(place) for place in sys.path],
        "environment": known,
        "plan": pickled,
    }


def taken_up(carried: Mapping[str, Any]) -> Plan:
    """Return the plan that :func:`carry` put into form, and work from where it was made.

    Raises
    ------
    ConfigError
        This worker has another version of emoreason.
    """
    if carried["version"] != __version__:
        raise ConfigError(
            f"a worker of the cluster has emoreason {__version__}, this one is {carried['version']}; install the same"
        )
    os.environ.update(carried["environment"])
    if Path(carried["folder"]).is_dir():
        os.chdir(carried["folder"])
    sys.path.extend(place for place in carried["modules"] if place not in sys.path and Path(place).exists())
    return _unpickled(carried["plan"])


@lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> Plan:
    from ray import cloudpickle

    plan: Plan = cloudpickle.loads(pickled)
    return plan


def for_extraction(plan: Plan) -> Plan:
    """Return what extraction needs of a plan, one clip at a time: plain values alone."""
    return replace(plan, engine=_no_engine, jobs=1, describe=None, demonstrate=None, scorers={}, cache=None)


def _no_engine() -> Engine:
    raise ConfigError("nothing is reasoned where clips are extracted")


class KnownCues(StageResults):
    """Cues of earlier runs, as far as they were sent along; keeps nothing, the process that writes does."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._known = dict(known or {})

    def get(self, stage: str, key: str) -> Any:
        """Return cues by the key of their clip."""
        return self._known.get(key) if stage == "extract" else None

    def keep(self, stage: str, key: str, value: Any) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Nothing to close."""


class SentCues(KeptCues):
    """Collects the cues of rows, for the process that writes."""

    def __init__(self) -> None:
        self._of: dict[str, list[list[Any]]] = {}

    def keep(self, row_id: str, stage: str, key: str | None, cueset: CueSet) -> None:
        """Take a row's cues."""
        self._of.setdefault(row_id, []).append([stage, key, to_json(cueset)])

    def point(self, row_id: str, stage: str, key: str) -> None:
        """Take note that they were known."""
        self._of.setdefault(row_id, []).append([stage, key, None])

    def taken(self, row_id: str) -> list[list[Any]]:
        """Return stage, key and cues (None: known before), and forget them."""
        return self._of.pop(row_id, [])


def packed(value: Any) -> bytes:
    """Bytes of a JSON value."""
    return zlib.compress(json.dumps(value).encode("ascii"), 1)


def unpacked(data: bytes) -> Any:
    """Return the JSON value of such bytes."""
    return json.loads(zlib.decompress(data))


def table_of(rows: list[dict[str, Any]]) -> "pa.Table":
    """Rows as a table: ``ordinal``, ``id``, ``row`` (as the journal packs it) and ``found`` (:func:`packed`)."""
    import pyarrow as pa

    schema = pa.schema(
        [("ordinal", pa.int64()), ("id", pa.string()), ("row", pa.large_binary()), ("found", pa.large_binary())]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def ended(outcome: Outcome, reply: object) -> dict[str, Any]:
    """JSON value of what became of a row."""
    gone = isinstance(reply, UpstreamError) and reply.for_all
    return {"outcome": asdict(outcome), "reply": None if reply is None else "gone" if gone else "said"}


def end_of(found: Mapping[str, Any]) -> tuple[Outcome, Reply | EmoreasonError | None]:
    """Return what :func:`ended` was given; of a reply only whether there was one, or nobody would have had one."""
    outcome = Outcome(**found["outcome"])
    if found["reply"] is None:
        return outcome, None
    if found["reply"] != "gone":
        return outcome, Reply(text=outcome.line)
    error = UpstreamError(outcome.message or "")
    error.for_all = True
    return outcome, error


def fatal(error: BaseException) -> dict[str, Any]:
    """JSON value of an error that concerns all rows."""
    known = (
        broke("a worker", error) if isinstance(error, Exception) and not isinstance(error, EmoreasonError) else error
    )
    return {"fatal": [type(known).__name__, str(known) or type(known).__name__]}


def error_of(found: Mapping[str, Any]) -> EmoreasonError:
    """Return the error that :func:`fatal` was given."""
    kind, message = found["fatal"]
    return ConfigError(message) if kind in ("ConfigError", "PurposeError") else UpstreamError(message)
