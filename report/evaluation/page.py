"""The page: ``report.json`` of an evaluation or of probes -> one HTML document that asks nothing of the network."""

import re
from typing import Any, Final

from markupsafe import Markup

from ...errors import RecordError
from ...reasoning.purpose import NOTICE
from ..template import PAGES, Templates
from ..text import THEME_KEY, shown
from .clips import clips_data
from .json_types import Json, mapping, objects, sequence, words
from .overview import overview_of
from .pictures import drawings
from .probes import probe_views
from .subgroups import subgroup_views
from .suites import suite_view, systems_of

#: Formats of reports that can be drawn.
FORMATS: Final = ("emoreason-eval/1", "emoreason-probe/1")
_JOINTS: Final = frozenset("_/.-")


def breakable(name: str) -> Markup:
    """Name that may be broken after the signs which words of it are joined with.

    Examples
    --------
    >>> print(breakable("case3_wheel1<"))
    case3_<wbr>wheel1&lt;
    """
    return Markup("").join(
        Markup("{}<wbr>").format(part) if part in _JOINTS else part for part in re.split(r"([_/.\-])", shown(name))
    )


_TEMPLATES: Final = Templates(__package__, shared=PAGES, breakable=breakable)


def render_evaluation(report: Json) -> str:
    """Write the page of a report.

    Parameters
    ----------
    report : mapping
        What ``report.json`` holds (``records/schemas/eval_report.json``), or the report of probes. What it lacks is
        left out of the page; nothing in it is trusted.

    Returns
    -------
    str
        The whole HTML document. The clips of an evaluation are data in it, which its script shows; all else reads
        without scripts.

    Raises
    ------
    RecordError
        It is no report of either format.
    """
    format_ = mapping(report).get("format")
    if format_ not in FORMATS:
        raise RecordError(f"format {format_!r} cannot be drawn; expected one of {', '.join(FORMATS)}")
    shared = _shared(report)
    if format_ == FORMATS[1]:
        probes = probe_views(report)
        shared["not_measured"] += [(probe.name, probe.sentence) for probe in probes if not probe.effects]
        return _TEMPLATES.fill("probes.html", probes=probes, **shared)
    systems = systems_of(report)
    suites = [suite_view(suite, number, systems) for number, suite in enumerate(objects(report.get("suites")))]
    return _TEMPLATES.fill(
        "evaluation.html",
        systems=systems,
        suites=suites,
        overview=overview_of(suites),
        wins=[_comparison(entry) for entry in objects(report.get("comparisons"))],
        subgroups=subgroup_views(report, systems),
        clips=clips_data(report, systems),
        n_clips=len(objects(report.get("clips"))),
        **shared,
    )


def _shared(report: Json) -> dict[str, Any]:
    """Values that both pages show."""
    return {
        "title": str(report.get("title") or "Evaluation"),
        "made": str(report.get("made") or ""),
        "notice": str(report.get("notice") or NOTICE),
        "notes": [str(note) for note in sequence(report.get("notes"))],
        "not_measured": [
            (str(entry.get("what")), str(entry.get("why") or "")) for entry in objects(report.get("not_measured"))
        ],
        "manifest": list(_manifest(mapping(report.get("manifest")))),
        "theme_key": THEME_KEY,
    }


def _comparison(entry: Json) -> dict[str, Any]:
    """One win matrix: who beats whom how often, and the order that this gives."""
    return {
        "suite": str(entry.get("suite")),
        "measure": str(entry.get("measure")),
        "drawings": drawings([entry.get("picture")]),
        "ranking": [str(name) for name in sequence(entry.get("ranking"))],
    }


def _manifest(manifest: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    """Entries of the manifest: (name, its parts); a plain entry has one part without a name."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for key, value in manifest.items():
        name = str(key).replace("_", " ")
        parts = mapping(value)
        found.append(
            (name, [(str(part), words(entry)) for part, entry in parts.items()] if parts else [("", words(value))])
        )
    return found
