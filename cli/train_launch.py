"""Which process of a run this is: ``torchrun`` and ``accelerate launch`` start several, and only the first talks."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import ConfigError

#: What launchers call the number of a process, and that of all; the first that is set counts, as in accelerate.
_RANK: Final = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_SIZE: Final = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
_LOCAL: Final = ("LOCAL_RANK", "MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_RANK")


@dataclass(frozen=True, slots=True)
class Place:
    """A process among those of a run: its number, its number on this machine, how many there are."""

    rank: int = 0
    local_rank: int = 0
    processes: int = 1

    @property
    def leads(self) -> bool:
        """Whether it is the one that talks and writes."""
        return self.rank == 0


def place(env: Mapping[str, str] | None = None) -> Place:
    """Tell from the environment which process this is.

    Raises
    ------
    ConfigError
        ``accelerate launch`` was told of several processes and started one.

    Examples
    --------
    >>> place({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"})
    Place(rank=3, local_rank=1, processes=4)
    """
    known = os.environ if env is None else env
    # accelerate's launcher for CPUs names a meeting place for several processes, and then starts one without a number.
    if "ACCELERATE_USE_CPU" in known and "MASTER_PORT" in known and _number(known, _SIZE) is None:
        raise ConfigError(
            "accelerate launch was told of several processes and started one, as it does on CPUs; start them with "
            "torchrun --nproc_per_node=N -m emoreason train …"
        )
    rank = _number(known, _RANK) or 0
    local = _number(known, _LOCAL)
    return Place(rank, rank if local is None else local, max(_number(known, _SIZE) or 1, 1))


def _number(known: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    told = next((known[name] for name in names if name in known), "")
    return int(told) if told.isascii() and told.isdigit() else None
