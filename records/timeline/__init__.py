"""A clip's cues as a timeline figure for notebooks and papers; imported when a figure is asked for."""

from .figure import Timeline, plot_cues

__all__ = ["Timeline", "plot_cues"]
