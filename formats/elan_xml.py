"""The XML of ELAN annotation files (EAF, schema 3.0), apart from what it means here: tiers, times, properties, media.

Read as ELAN reads it: annotations without a time of their own share the time of what they hang on. Time slots without
a value lie evenly between their neighbours on the tier; symbolic subdivisions divide their parent's span evenly;
symbolic associations have their parent's span. XML from others is parsed without entities and DTDs (``defusedxml``),
in files up to 64 MiB and 32 elements deep.
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from ..errors import RecordError
from .loss import Say, counted, read_limited
from .tiers.tier import Segment, Tier

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_LINGUISTIC_TYPE: Final = "default-lt"
_DEEPEST: Final = 32
_LONGEST_MS: Final = 10**12  # 31 years: no clip
_NOT_IN_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: ELAN's own list of constraints, in every file it writes.
_CONSTRAINTS: Final = {
    "Time_Subdivision": "Time subdivision of parent annotation's time interval, no time gaps allowed within this "
    "interval",
    "Symbolic_Subdivision": "Symbolic subdivision of a parent annotation. Annotations refering to the same parent "
    "are ordered",
    "Symbolic_Association": "1-1 association with a parent annotation",
    "Included_In": "Time alignable annotations within the parent annotation's time interval, gaps are allowed",
}


@dataclass(frozen=True, slots=True)
class Annotated:
    """One annotation as it lies in the file: its id, whole milliseconds, value."""

    annotation_id: str
    start_ms: int
    end_ms: int
    value: str


@dataclass(slots=True)
class Document:
    """An EAF file: tiers with their annotations, properties, the first linked media file (URL and relative URL)."""

    tiers: list[tuple[Tier, list[Annotated]]] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    media: tuple[str, str, str] | None = None  # URL, relative URL, MIME type
    origin_ms: int = 0


def xml_text(text: str) -> str:
    """Text as XML 1.0 can hold it and gives it back: no control characters, line feeds as newlines."""
    return _NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def milliseconds(segment: Segment) -> tuple[int, int]:
    """Span in whole milliseconds; ELAN knows no moments, they last one.

    Examples
    --------
    >>> milliseconds(Segment(1.24, 1.24, "keyframe"))
    (1240, 1241)
    """
    start_ms = round(segment.start_s * 1000)
    return start_ms, max(round(segment.end_s * 1000), start_ms + 1)


def write_xml(document: Document) -> bytes:
    """UTF-8 XML of a document; annotations are written with the ids they have."""
    ET.register_namespace("xsi", _XSI)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()
    attributes = {"AUTHOR": "emoreason", "DATE": now, "FORMAT": "3.0", "VERSION": "3.0"}
    root = ET.Element("ANNOTATION_DOCUMENT", attributes | {f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA})
    _add_header(root, document)
    _add_tiers(root, document.tiers)
    ET.SubElement(root, "LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID=_LINGUISTIC_TYPE, TIME_ALIGNABLE="true")
    for stereotype, description in _CONSTRAINTS.items():
        ET.SubElement(root, "CONSTRAINT", STEREOTYPE=stereotype, DESCRIPTION=description)
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data


def _add_header(root: ET.Element, document: Document) -> None:
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if document.media is not None:
        url, relative, mime = document.media
        attributes = {"MEDIA_URL": url, "MIME_TYPE": mime, "RELATIVE_MEDIA_URL": relative}
        ET.SubElement(header, "MEDIA_DESCRIPTOR", attributes)
    last = sum(len(annotations) for _, annotations in document.tiers)
    for name, value in (document.properties | {"lastUsedAnnotationId": str(last)}).items():
        ET.SubElement(header, "PROPERTY", NAME=name).text = xml_text(value)


def _add_tiers(root: ET.Element, tiers: Sequence[tuple[Tier, Sequence[Annotated]]]) -> None:
    times = [
        (time, tier_number, number, end)
        for tier_number, (_, annotations) in enumerate(tiers)
        for number, annotation in enumerate(annotations)
        for end, time in ((False, annotation.start_ms), (True, annotation.end_ms))
    ]
    slots: dict[tuple[int, int, bool], str] = {}
    order = ET.SubElement(root, "TIME_ORDER")
    for slot, (time, tier_number, number, end) in enumerate(sorted(times), 1):
        slots[tier_number, number, end] = f"ts{slot}"
        ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{slot}", TIME_VALUE=str(time))
    for tier_number, (tier, annotations) in enumerate(tiers):
        about = {"LINGUISTIC_TYPE_REF": _LINGUISTIC_TYPE, "TIER_ID": xml_text(tier.name)}
        element = ET.SubElement(root, "TIER", about | ({"PARTICIPANT": xml_text(tier.person)} if tier.person else {}))
        for number, annotation in enumerate(annotations):
            attributes = {
                "ANNOTATION_ID": annotation.annotation_id,
                "TIME_SLOT_REF1": slots[tier_number, number, False],
                "TIME_SLOT_REF2": slots[tier_number, number, True],
            }
            alignable = ET.SubElement(ET.SubElement(element, "ANNOTATION"), "ALIGNABLE_ANNOTATION", attributes)
            ET.SubElement(alignable, "ANNOTATION_VALUE").text = xml_text(annotation.value)


def read_xml(path: str | Path, say: Say) -> Document:
    """Document of an EAF file of any version.

    Raises
    ------
    RecordError
        It cannot be read, is no EAF, or holds times that are none.
    """
    try:
        root = _parsed(read_limited(path))
        if root.tag != "ANNOTATION_DOCUMENT":
            raise ValueError(f"its root is <{root.tag:.60}>, expected <ANNOTATION_DOCUMENT>")
        return _document(root, lambda text: say(f"{path}: {text}"))
    except ValueError as error:  # ParseError and what defusedxml refuses are ValueErrors or SyntaxErrors
        raise RecordError(f"{path}: no ELAN file that can be read: {error}") from error
    except (SyntaxError, LookupError, RecursionError) as error:
        raise RecordError(f"{path}: no ELAN file that can be read: {error or type(error).__name__}") from error


class _Builder(ET.TreeBuilder):
    """Builds the tree and refuses one that is nested deeper than any EAF."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"elements are nested deeper than {_DEEPEST}")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self.depth -= 1
        return super().end(tag)


def _parsed(data: bytes) -> ET.Element:
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    parser.feed(data)
    root = parser.close()
    assert isinstance(root, ET.Element)  # noqa: S101 - what a TreeBuilder gives
    return root


def _document(root: ET.Element, say: Say) -> Document:
    document = Document()
    header = root.find("HEADER")
    if header is not None:
        units = header.get("TIME_UNITS", "milliseconds")
        if units != "milliseconds":
            raise ValueError(f"its times are in {units!r:.40}; in ELAN, save it anew (milliseconds)")
        _read_header(header, document)
    slots = {slot.get("TIME_SLOT_ID", ""): _time(slot) for slot in root.iterfind("TIME_ORDER/TIME_SLOT")}
    spans = _Spans(root, slots)
    for element in root.iterfind("TIER"):
        annotations, lost = spans.of_tier(element)
        name = element.get("TIER_ID", "")
        if lost:
            say(f"tier {name!r}: {counted(lost, 'annotation')} without a usable time left out")
        origin = document.origin_ms
        found = [Annotated(a.annotation_id, a.start_ms + origin, a.end_ms + origin, a.value) for a in annotations]
        found.sort(key=lambda annotation: (annotation.start_ms, annotation.end_ms))
        segments = tuple(Segment(a.start_ms / 1000, a.end_ms / 1000, a.value) for a in found)
        tier = Tier(name, segments, element.get("PARTICIPANT") or None, element.get("ANNOTATOR") or None)
        document.tiers.append((tier, found))
    return document


def _read_header(header: ET.Element, document: Document) -> None:
    media = header.find("MEDIA_DESCRIPTOR")
    if media is not None:
        document.media = (
            media.get("MEDIA_URL", ""),
            media.get("RELATIVE_MEDIA_URL", ""),
            media.get("MIME_TYPE", ""),
        )
        document.origin_ms = _milliseconds(media.get("TIME_ORIGIN", "0"))
    for entry in header.iterfind("PROPERTY"):
        document.properties[entry.get("NAME", "")] = entry.text or ""


def _time(slot: ET.Element) -> int | None:
    value = slot.get("TIME_VALUE")
    return None if value is None else _milliseconds(value)


def _milliseconds(value: str) -> int:
    if not re.fullmatch(r"\s*\d{1,13}\s*", value) or int(value) > _LONGEST_MS:
        raise ValueError(f"a time of {value!r:.40}; expected whole milliseconds from 0 to {_LONGEST_MS}")
    return int(value)


class _Spans:
    """Works out when each annotation is, those without times of their own included."""

    def __init__(self, root: ET.Element, slots: Mapping[str, int | None]) -> None:
        self._slots = slots
        self._order = {slot: number for number, slot in enumerate(slots)}
        self._spans: dict[str, tuple[float, float]] = {}
        children: dict[tuple[str, str], list[ET.Element]] = {}  # (parent, tier) -> its children there, in file order
        for tier in root.iterfind("TIER"):
            self._align(tier)
            for ref in tier.iterfind("ANNOTATION/REF_ANNOTATION"):
                key = ref.get("ANNOTATION_REF", ""), tier.get("TIER_ID", "")
                children.setdefault(key, []).append(ref)
        self._resolve_refs(children)

    def of_tier(self, tier: ET.Element) -> tuple[list[Annotated], int]:
        """Annotations of a tier, and how many have no usable time."""
        found, lost = [], 0
        for element in tier.iterfind("ANNOTATION/*"):
            annotation_id = element.get("ANNOTATION_ID", "")
            span = self._spans.get(annotation_id)
            if span is None or span[0] > span[1]:
                lost += 1
            else:
                value = element.findtext("ANNOTATION_VALUE") or ""
                found.append(Annotated(annotation_id, round(span[0]), round(span[1]), value))
        return found, lost

    def _align(self, tier: ET.Element) -> None:
        """Alignable annotations of one tier; slots without a value are spread evenly between their neighbours."""
        aligned = list(tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"))
        ends = [(one.get("TIME_SLOT_REF1", ""), one.get("TIME_SLOT_REF2", "")) for one in aligned]
        used = sorted({slot for pair in ends for slot in pair if slot in self._order}, key=self._order.__getitem__)
        times = _spread([self._slots[slot] for slot in used])
        when = dict(zip(used, times, strict=True))
        for one, (start, end) in zip(aligned, ends, strict=True):
            start_ms, end_ms = when.get(start), when.get(end)
            if start_ms is not None and end_ms is not None:
                self._spans[one.get("ANNOTATION_ID", "")] = (start_ms, end_ms)

    def _resolve_refs(self, children: Mapping[tuple[str, str], list[ET.Element]]) -> None:
        """Annotations that hang on others: one per parent and tier has its span, several divide it."""
        hanging: dict[str, list[list[ET.Element]]] = {}
        for (parent, _), siblings in children.items():
            hanging.setdefault(parent, []).append(siblings)
        known = list(self._spans)
        while known:  # what hangs on nothing, or on each other, is never reached
            parent = known.pop()
            first, last = self._spans[parent]
            for siblings in hanging.pop(parent, []):
                step = (last - first) / len(siblings)
                for number, child in enumerate(_chained(siblings)):
                    child_id = child.get("ANNOTATION_ID", "")
                    self._spans[child_id] = (first + number * step, first + (number + 1) * step)
                    known.append(child_id)


def _chained(children: Sequence[ET.Element]) -> Iterable[ET.Element]:
    """Siblings in the order that ``PREVIOUS_ANNOTATION`` gives; in file order where it gives none."""
    after: dict[str | None, list[ET.Element]] = {}
    for child in children:
        after.setdefault(child.get("PREVIOUS_ANNOTATION"), []).append(child)
    ordered: list[ET.Element] = []
    waiting = list(reversed(after.pop(None, [])))
    while waiting:
        child = waiting.pop()
        ordered.append(child)
        waiting += reversed(after.pop(child.get("ANNOTATION_ID"), []))
    seen = set(map(id, ordered))
    return [*ordered, *(child for child in children if id(child) not in seen)]


def _spread(times: Sequence[int | None]) -> list[float | None]:
    """Fill missing times evenly between their neighbours; None where there is no neighbour on one side."""
    known = [(number, time) for number, time in enumerate(times) if time is not None]
    filled: list[float | None] = list(times)
    for (before, first), (behind, last) in pairwise(known):
        for number in range(before + 1, behind):
            filled[number] = first + (last - first) * (number - before) / (behind - before)
    return filled
