"""A LoRA adapter by its name on the server, or by a path that the server is to load it from."""

import hashlib
import re
from pathlib import Path
from typing import Final

from ....errors import UpstreamError
from .connection import Connection
from .failure import RefusedError

#: Route of vLLM; it exists only when the server was started with this in its environment.
_ROUTE: Final = "/load_lora_adapter"
_ALLOWS: Final = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora"
_WEIGHTS: Final = "adapter_model.safetensors"


def is_path(adapter: str) -> bool:
    """Whether an adapter is meant as a folder, not as a name on the server.

    Examples
    --------
    >>> is_path("./runs/lora"), is_path("emotions-v2")
    (True, False)
    """
    return adapter.startswith(("/", ".", "~")) or Path(adapter).is_dir()


def served_name(adapter: str) -> str:
    """Return the name of an adapter on the server.

    A folder's name is made of its own name and a digest of its weights (of its path when they are not on this machine):
    vLLM keeps an adapter by its name, and would go on with old weights under the same one.
    """
    if not is_path(adapter):
        return adapter
    folder = Path(adapter).expanduser().absolute()
    digest = hashlib.sha256(str(folder).encode())
    try:
        with (folder / _WEIGHTS).open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256")
    except OSError:
        pass  # it lies on the server's machine
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', folder.name) or 'adapter'}-{digest.hexdigest()[:12]}"


async def load(connection: Connection, adapter: str, models: tuple[str, ...]) -> None:
    """Have the server load an adapter from a path, unless it has done so before.

    Raises
    ------
    UpstreamError
        The server has no such name, does not allow to load adapters, or cannot load this one.
    """
    name = served_name(adapter)
    if name in models:
        return
    if not is_path(adapter):
        if not models:
            return  # it lists no models: the first chat will tell
        raise _unusable(
            f"the server has no adapter called {name!r}; it has {', '.join(models)}. vLLM is given one with "
            f"--enable-lora --lora-modules {name}=PATH"
        )
    path = str(Path(adapter).expanduser().absolute())
    try:
        await connection.post(_ROUTE, {"lora_name": name, "lora_path": path})
    except RefusedError as refusal:
        if "already been loaded" in refusal.message:
            return
        # 404 also stands for a folder that is not there.
        if refusal.status in (405, 501) or (refusal.status == 404 and "adapter" not in refusal.message):
            raise _unusable(
                f"the server does not load adapters while it runs; start vLLM with {_ALLOWS}, or with "
                f"--enable-lora --lora-modules NAME={path} and give NAME as adapter"
            ) from None
        raise _unusable(f"the server cannot load the adapter {path}: {refusal.message}") from None


def _unusable(message: str) -> UpstreamError:
    """Make the error of an adapter that no clip can be asked with."""
    error = UpstreamError(message)
    error.for_all = True
    return error
