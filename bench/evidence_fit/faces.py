"""Annotated faces as cue lines, in every way a coder or tool may write them down."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emoreason.reasoning.evidence.tables import SIX
from emoreason.records import CueSet
from emoreason.records.convert import from_json
from emoreason.records.labels import parse_action_unit

#: Conventions of writing a coded face down. ``present``: only what is seen. ``all``: everything else as absent.
#: ``some``: a random 20-80 % of everything else as absent, the rest as unknown. ``masked``: as ``all``, but a random
#: 0-30 % of all codes, seen ones too, cannot be measured (information is lost; no reader can make up for it).
CONVENTIONS = ("present", "all", "some", "masked")


@dataclass(frozen=True, slots=True)
class Face:
    """One coded face: FACS codes as the coder wrote them, the crowd's distribution over SIX, the compound label."""

    name: str
    codes: tuple[str, ...]
    crowd: tuple[float, ...]
    compound: str


def read_faces(path: Path) -> list[Face]:
    """Faces with FACS codes from ``raf_facs_crowd.jsonl``; uncoded ones (``facs`` null) are left out."""
    faces = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["facs"]:
            continue
        codes = tuple(code.removeprefix("AD") for code in row["facs"].split("+"))
        crowd = np.array([row["crowd"][emotion] for emotion in SIX])
        faces.append(Face(row["image"], codes, tuple(crowd / crowd.sum()), row["compound"]))
    return faces


def crowd_of(faces: list[Face]) -> npt.NDArray[np.float64]:
    """Crowd distributions, shape (n, 6)."""
    return np.array([face.crowd for face in faces])


def vocabulary_of(faces: list[Face]) -> list[str]:
    """Canonical codes that occur, by number."""
    found = {_canonical(code) for face in faces for code in face.codes}
    return sorted(found, key=lambda code: int(code[2:]))


def _canonical(code: str) -> str:
    parsed = parse_action_unit(code)
    # "L12L", "BL18": a coder's slip of the pen; the number is what counts.
    return parsed[0] if parsed is not None else "AU" + "".join(char for char in code if char.isdigit())


def cueset_of(face: Face, convention: str, vocabulary: list[str], rng: np.random.Generator) -> CueSet:
    """Write one face down in a convention and read it back the way ``emoreason explain --cues`` does."""
    line = json.dumps(cue_line(face, convention, vocabulary, rng))
    return from_json(json.loads(line), CueSet)


def cue_line(face: Face, convention: str, vocabulary: list[str], rng: np.random.Generator) -> dict[str, object]:
    """One cue line: codes, presence only, nothing else."""
    seen = {_canonical(code) for code in face.codes}
    others = [code for code in vocabulary if code not in seen]
    hidden: set[str] = set()
    absent: list[str] = []
    if convention == "all":
        absent = others
    elif convention == "some":
        rate = rng.uniform(0.2, 0.8)
        absent = [code for code in others if rng.random() < rate]
    elif convention == "masked":
        rate = rng.uniform(0.0, 0.3)
        hidden = {code for code in vocabulary if rng.random() < rate}
        absent = [code for code in others if code not in hidden]
    present = [code for code in face.codes if _canonical(code) not in hidden]
    known = {*absent, *(_canonical(code) for code in present)}
    unknown = [code for code in vocabulary if code not in known] if convention in ("some", "masked") else []
    states = [
        *((_written(code), "present") for code in present),
        *((code, "absent") for code in absent),
        *((code, "unknown") for code in unknown),
    ]
    cues = [
        {"id": f"c{number}", "modality": "face", "code": code, "state": state, "subject": None}
        for number, (code, state) in enumerate(states, 1)
    ]
    return {"clip": face.name, "cues": cues, "gaps": []}


def _written(code: str) -> str:
    return code if parse_action_unit(code) is not None else _canonical(code)
