"""Any server that speaks the OpenAI protocol: vLLM, SGLang, llama.cpp, hosted ones."""

from .engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
