"""Batches on Ray: the stages of a local run on many machines, one process that writes."""

from .running import run_on_ray

__all__ = ["run_on_ray"]
