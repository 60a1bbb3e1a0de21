"""ELAN ``.eaf``: cues, claims and what is expressed as tiers a coder can look at and edit, and back.

Labels are readable (``moderately, 1.93/5``); the whole records lie beside them in two properties of the file
(``emoreason.cues``, ``emoreason.explanation``) with the annotation ids they belong to. So a file that nobody touched
gives back exactly the records it was made from, and in one that was edited in ELAN the edits count: moved times,
changed labels, removed and added annotations. What a person changed is that person's observation: its confidence and
marks go, its source becomes ``elan``.

The media file is linked relative to the ``.eaf``; no folder names of this machine are written unless the clip lies
elsewhere.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from ..errors import RecordError
from ..records import Clip, Cue, CueSet, Explanation
from ..records.convert import from_json, parse_json, to_json
from ..records.notice import NOTICE
from .elan_xml import Annotated, Document, milliseconds, read_xml, write_xml, xml_text
from .loss import Loss, Say, warn
from .tiers.coder import TierMap, understand
from .tiers.label import FIELDS, label_of, parse_label
from .tiers.layout import cue_values, cueset_of, is_of_explanation, lay_out, state_label, unplaced_claims
from .tiers.tier import Segment, Subject, Tier, base_name, packed, tier_name

_CUES: Final = "emoreason.cues"
_EXPLANATION: Final = "emoreason.explanation"
_NOTICE: Final = "emoreason.notice"
_FORMAT: Final = 1
_MIME: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".mov": "video/quicktime",
    ".wav": "audio/x-wav",
    ".mp3": "audio/mpeg",
}


def write_eaf(path: str | Path, cueset: CueSet, explanation: Explanation | None = None, *, say: Say = warn) -> None:
    """Write an ELAN file (EAF 3.0) with a tier per person and code.

    Parameters
    ----------
    path : str or path
        The file to write; the media is linked relative to its folder.
    cueset : CueSet
        Cues and gaps; all of it comes back with :func:`read_eaf`.
    explanation : Explanation, optional
        Adds the tiers ``claims``, ``claims negated`` and ``expressed``.
    say : callable
        Takes one sentence per kind of thing that stands on no tier; by default a ``FormatWarning``.
    """
    Path(path).write_bytes(eaf(cueset, explanation, folder=Path(path).parent, say=say))


def eaf(cueset: CueSet, explanation: Explanation | None = None, *, folder: str | Path = ".", say: Say = warn) -> bytes:
    """Bytes of the ELAN file that :func:`write_eaf` writes into ``folder``."""
    layout = lay_out(cueset, explanation)
    for sentence in _losses(cueset, explanation, len(layout.unplaced)):
        say(sentence)
    groups = {name: [_whole_ms(segment) for segment in segments] for name, segments in layout.groups.items()}
    document = Document(media=_media(cueset.clip, folder))
    owners: dict[str, tuple[str, ...]] = {}
    for tier in packed(groups, persons=layout.persons):
        annotations = []
        for segment in tier.segments:
            annotation_id = f"a{len(owners) + 1}"
            owners[annotation_id] = segment.cue_ids
            annotations.append(Annotated(annotation_id, *milliseconds(segment), segment.label))
        document.tiers.append((tier, annotations))
    record = {
        "format": _FORMAT,
        "cueset": to_json(cueset),
        "annotations": {annotation_id: list(ids) for annotation_id, ids in owners.items() if ids},
    }
    document.properties = {_NOTICE: NOTICE, _CUES: json.dumps(record, allow_nan=False)}
    if explanation is not None:
        document.properties[_EXPLANATION] = json.dumps(to_json(explanation), allow_nan=False)
    return write_xml(document)


def _whole_ms(segment: Segment) -> Segment:
    start_ms, end_ms = milliseconds(segment)
    return replace(segment, start_s=start_ms / 1000, end_s=end_ms / 1000)


def _losses(cueset: CueSet, explanation: Explanation | None, unplaced: int) -> Iterator[Loss]:
    if cueset.gaps:
        yield Loss("ELAN has no tier for {} (what could not be observed): in a property alone", len(cueset.gaps), "gap")
    if unplaced:
        yield Loss("ELAN has no tier for {} without a time: in a property alone", unplaced, "cue")
    if timeless := unplaced_claims(explanation):
        yield Loss("ELAN has no tier for {} without a time: in a property alone", timeless, "claim")


def _media(clip: Clip, folder: str | Path) -> tuple[str, str, str] | None:
    if clip.path is None or "://" in clip.path:
        return None
    try:
        relative = os.path.relpath(clip.path, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        relative = Path(clip.path).name
    url = quote(relative if relative.startswith("../") else f"./{relative}", errors="replace")
    return url, url, _MIME.get(Path(clip.path).suffix.lower(), "unknown")


@dataclass(frozen=True, slots=True)
class _Kept:
    """The records a file carries, and which cues each annotation stands for."""

    cueset: CueSet
    owners: dict[str, tuple[str, ...]]


def read_eaf(path: str | Path, *, clip: Clip | None = None, tiers: TierMap | None = None, say: Say = warn) -> CueSet:
    """Read the cues of an ELAN file: ours (exactly, with what was edited in ELAN), or any coder's.

    Coders' tiers are understood by their names (``AU12``, ``P1_AU06``, ``FACS`` with labels such as ``1+2C``, ``Gaze``,
    ``Transcription``); their participant becomes the cue's subject.

    Parameters
    ----------
    path : str or path
        An ``.eaf`` file of any version.
    clip : Clip, optional
        The clip it belongs to; by default the one it was made from or the media it links.
    tiers : mapping of str to str, optional
        Tier name -> what it holds: ``AU12``, ``Anna AU12``, ``speech.utterance``, ``head.nod``; ``AU`` when its labels
        are FACS codes; ``-`` to leave it out.
    say : callable
        Takes one sentence about each tier that is not understood; by default a ``FormatWarning``.

    Raises
    ------
    RecordError
        It is no ELAN file, is damaged, hostile, or larger than 64 MiB.
    """
    document = read_xml(path, say)
    kept = _kept(document, path, say)
    try:
        if kept is not None:
            found = _with_edits(kept, document, tiers or {}, say)
            return replace(found, clip=clip) if clip is not None else found
        values = cue_values([tier for tier, _ in document.tiers], "elan", say, tiers or {})
        return cueset_of(clip or _linked_clip(path, document), values)
    except (ValueError, RecordError) as error:
        raise RecordError(f"{path}: {error}") from error


def read_eaf_explanation(path: str | Path, *, say: Say = warn) -> Explanation | None:
    """Read the explanation that :func:`write_eaf` put in; None when there is none (edits of its tiers do not count)."""
    text = read_xml(path, say).properties.get(_EXPLANATION)
    if text is None:
        return None
    try:
        return from_json(parse_json(text.encode()), Explanation)
    except RecordError as error:
        raise RecordError(f"{path}: property {_EXPLANATION}: {error}") from error


def read_tiers(path: str | Path, *, say: Say = warn) -> list[Tier]:
    """Read the tiers of an ELAN file; RecordError as :func:`read_eaf`."""
    return [tier for tier, _ in read_xml(path, say).tiers]


def _linked_clip(path: str | Path, document: Document) -> Clip:
    """Clip that a coder's file links: the media beside it when it is there, else known by name only."""
    for url in reversed(document.media[:2] if document.media else ()):
        name = unquote(url).replace("\\", "/")
        name = name.removeprefix("file://").removeprefix("./")
        for place in (Path(path).parent / name, Path(path).parent / Path(name).name):
            if name and place.is_file():
                return Clip(id=str(place), path=str(place))
        if name:
            return Clip(id=Path(name).name or name)
    return Clip(id=Path(path).stem)


def _kept(document: Document, path: str | Path, say: Say) -> _Kept | None:
    text = document.properties.get(_CUES)
    if text is None:
        return None
    try:
        value = parse_json(text.encode())
        if not isinstance(value, dict) or value.get("format") != _FORMAT:
            raise RecordError(f"not written in form {_FORMAT}")
        owners = value["annotations"]
        return _Kept(from_json(value["cueset"], CueSet), {key: tuple(map(str, ids)) for key, ids in owners.items()})
    except (RecordError, KeyError, TypeError, AttributeError) as error:
        say(f"{path}: its property {_CUES} cannot be read ({error}); the cues are read from the tiers alone")
        return None


def _with_edits(kept: _Kept, document: Document, tier_map: TierMap, say: Say) -> CueSet:
    """Fold what was changed in ELAN into the records the file was made from."""
    by_id = kept.cueset.by_id()
    owned = {cue_id for ids in kept.owners.values() for cue_id in ids}
    found: dict[str, Cue] = {cue.id: cue for cue in kept.cueset.cues if cue.id not in owned}
    new: list[Tier] = []
    for tier, annotations in document.tiers:
        fresh: list[Segment] = []
        coding = understand(tier, tier_map)
        subject = coding.subject if coding is not None else None
        for annotation in annotations:
            cues = [by_id[cue_id] for cue_id in kept.owners.get(annotation.annotation_id, ()) if cue_id in by_id]
            still = _matched(cues, annotation, base_name(tier.name), subject) if cues and subject else None
            if still is None:
                span = annotation.start_ms / 1000, annotation.end_ms / 1000
                fresh.append(Segment(*span, annotation.value))
            else:
                found |= {cue.id: cue for cue in still}
        if fresh and not is_of_explanation(tier):
            new.append(replace(tier, segments=tuple(fresh)))
    ordered = tuple(found[cue.id] for cue in kept.cueset.cues if cue.id in found)
    if not new and ordered == kept.cueset.cues:
        return kept.cueset
    values: list[dict[str, Any]] = [to_json(cue) for cue in ordered]
    values += cue_values(new, "elan", say, tier_map)
    value = {"clip": to_json(kept.cueset.clip), "cues": values, "gaps": [to_json(gap) for gap in kept.cueset.gaps]}
    return from_json(value, CueSet)


def _matched(cues: list[Cue], annotation: Annotated, name: str, about: Subject) -> list[Cue] | None:
    """Cues as the annotation now has them; None when it says something so different that it is a new one."""
    first = cues[0]
    if (about.person, about.state) != (first.subject, first.state):
        return None
    if first.state == "present" and tier_name(first) != name:
        return None
    label = label_of(first) if first.state == "present" else state_label(cues)
    start_s, end_s = first.start_s or 0.0, first.end_s or 0.0
    moved = (annotation.start_ms, annotation.end_ms) != milliseconds(Segment(start_s, end_s, ""))
    relabelled = annotation.value != xml_text(label)
    if first.state != "present" and relabelled:
        words = {word.strip() for word in annotation.value.split(";")}
        known = {state_label([cue]): cue for cue in cues}
        if not words <= set(known):  # codes were added: read the list anew
            return None
        cues = [cue for word, cue in known.items() if word in words]
        relabelled = False
    if moved or relabelled:
        return [_edited(cue, annotation, moved, relabelled) for cue in cues]
    return cues


def _edited(cue: Cue, annotation: Annotated, moved: bool, relabelled: bool) -> Cue:
    changes: dict[str, Any] = {"source": "elan", "confidence": None, "marks": ()}
    if moved:
        start_s, end_s = annotation.start_ms / 1000, annotation.end_ms / 1000
        apex_s = cue.apex_s if cue.apex_s is not None and start_s <= cue.apex_s <= end_s else None
        changes |= {"start_s": start_s, "end_s": end_s, "apex_s": apex_s}
    if relabelled:
        said = parse_label(annotation.value, cue.modality, cue.code)
        side = cue.side
        changes |= dict.fromkeys(FIELDS) | {"side": side} | said
    return replace(cue, **changes)
