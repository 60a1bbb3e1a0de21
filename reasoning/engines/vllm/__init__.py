"""Models in vLLM on this machine, without a server in between."""

from .engine import VLLMEngine

__all__ = ["VLLMEngine"]
