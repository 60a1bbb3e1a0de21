"""The Ray that a batch runs on: one started for it on this machine, or a cluster that is there."""

import contextlib
import importlib.util
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ....cues.limits import core_count
from ....errors import ConfigError

#: Only what waits between two stages lies there.
_STORE_BYTES: Final = 512 << 20
_CONNECT_S: Final = 10.0
_ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_LOG_LEVEL": "ERROR",
    # Extraction is to wait for the engine however empty the store is: what lies there is done again after a kill.
    "RAY_DATA_DOWNSTREAM_CAPACITY_OBJECT_STORE_BUDGET_UTIL_THRESHOLD": "0",
}
#: Engines that have a model in their own process.
_WITH_MODEL: Final = ("vllm", "transformers")


def refuse_without_ray() -> None:
    """Refuse to go on where Ray is not installed.

    Raises
    ------
    ConfigError
        Says what to install.
    """
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
        raise ConfigError("--ray needs the extra scale: pip install 'emoreason[scale]'")


@contextlib.contextmanager
def connected(address: str, **options: Any) -> Iterator[Any]:
    """Yield the module ``ray``, connected; what was started here is ended. A Ray that runs in this process is used.

    Parameters
    ----------
    address : str
        ``local`` starts one; ``auto`` or ``host:port`` names a cluster.
    options
        For ``ray.init``.

    Raises
    ------
    ConfigError
        The cluster cannot be reached.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        yield ray
        return
    if address == "local":
        ours = {"include_dashboard": False, "num_cpus": core_count(), "object_store_memory": _STORE_BYTES}
        options = ours | options
    try:
        _look_for(address)
        with _silence():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:  # ConnectionError, ValueError, RuntimeError and what grpc raises
        ray.shutdown()
        line = str(error).strip().partition("\n")[0]
        raise ConfigError(f"--ray {address}: no Ray there: {type(error).__name__}: {line}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _look_for(address: str) -> None:
    """Raise OSError where nobody listens at ``host:port``; Ray would wait for minutes, and end the process then."""
    host, separator, port = address.rpartition(":")
    if separator and "//" not in host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep away what Ray's C++ part writes to standard error, where events go; what goes wrong is raised."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@dataclass(frozen=True, slots=True)
class Share:
    """How many engines there are, and what each is given."""

    engines: int
    gpus: float
    cpus: float


def share_of(engine: object, resources: dict[str, float], engines: int | None, gpus: float | None) -> Share:
    """Say how many engines a cluster takes.

    Parameters
    ----------
    engine : object
        Its name.
    resources : dict
        What the cluster has: ``CPU``, ``GPU``.
    engines : int, optional
        How many; by default one for each GPU (or group of ``gpus``) for an engine with a model, otherwise one.
    gpus : float, optional
        For each engine; by default one for an engine with a model, where the cluster has any.

    Raises
    ------
    ConfigError
        The cluster has too few GPUs.

    Examples
    --------
    >>> share_of("vllm", {"CPU": 64.0, "GPU": 8.0}, None, None)
    Share(engines=8, gpus=1, cpus=0)
    >>> share_of("openai", {"CPU": 64.0, "GPU": 8.0}, None, None)
    Share(engines=1, gpus=0, cpus=0)
    """
    there = resources.get("GPU", 0.0)
    with_model = engine in _WITH_MODEL
    each = (1 if with_model and there else 0) if gpus is None else gpus
    if engines is None:
        engines = max(1, int(there // each)) if each and with_model else 1
    if each * engines > there:
        raise ConfigError(
            f"--ray: {engines} {'engine' if engines == 1 else 'engines'} with {each:g} GPUs each, and the cluster has "
            f"{there:g}"
        )
    # A model without a GPU works on a core; not on the only one, which extraction needs.
    busy = with_model and not each and resources.get("CPU", 1.0) >= engines + 1
    return Share(engines, each, 1 if busy else 0)
