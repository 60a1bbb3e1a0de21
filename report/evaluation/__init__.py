"""The page of an evaluation or of probes: one self-contained HTML file made of the plain JSON of the report.

It takes the JSON and none of ``eval``'s classes: whoever has a ``report.json`` has the page, and a report made by other
software can be drawn as well.
"""

from .page import FORMATS, render_evaluation

__all__ = ["FORMATS", "render_evaluation"]
