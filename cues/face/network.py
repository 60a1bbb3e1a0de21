"""Running a tflite network: one input, or two at the same time.

Each run stays on one thread: splitting a network this small gains less than running it twice side by side.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models import model_path

Tensor = npt.NDArray[np.float32]


class Network:
    """A loaded tflite network with one input.

    Raises ModelFileError when the file cannot be had and ImportError when ``ai-edge-litert`` is missing.
    """

    def __init__(self, name: str) -> None:
        self._path = str(model_path(name))
        self._first = _Loaded(self._path)
        self._second: _Loaded | None = None
        self._helper: ThreadPoolExecutor | None = None

    def run(self, tensor: Tensor) -> list[Tensor]:
        """All outputs for one input, in the order of the file."""
        return self._first.run(tensor)

    def run_pair(self, first: Tensor, second: Tensor, *, together: bool) -> tuple[list[Tensor], list[Tensor]]:
        """All outputs for each of two inputs, one after the other or together on two threads: the same numbers."""
        if not together:
            return self._first.run(first), self._first.run(second)
        if self._second is None or self._helper is None:
            self._second, self._helper = _Loaded(self._path), ThreadPoolExecutor(1, "emoreason-network")
        waiting = self._helper.submit(self._second.run, second)
        return self._first.run(first), waiting.result()


class _Loaded:
    """One interpreter; it works without the GIL."""

    def __init__(self, path: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter: Any = Interpreter(path, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, tensor: Tensor) -> list[Tensor]:
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]
