"""Running one tflite network on one thread (two threads gain nothing once two clips run at a time)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..models import model_path


class Network:
    """A loaded tflite network with one input.

    Raises ModelFileError when the file cannot be had and ImportError when ``ai-edge-litert`` is missing.
    """

    def __init__(self, name: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter: Any = Interpreter(str(model_path(name)), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, tensor: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """All outputs for one input, in the order of the file."""
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]
