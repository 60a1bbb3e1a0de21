"""Measures that stand with a number ("mean pitch is 212 Hz"), a degree ("strong jitter") or a lack alone."""

from typing import Final, cast

from ...records.labels import Modality
from .chunks import Atom, Chunk
from .items import Item
from .lexicon import Lexicon, Meaning, combined
from .numbers import Quantity

#: What a part measures when only a number stands with it.
_MEASURED: Final[dict[str, tuple[Modality, tuple[str, ...]]]] = {
    "pitch": ("voice", ("f0_mean",)), "range": ("voice", ("f0_range", "f0_sd")),
    "contour": ("voice", ("f0_slope",)), "volume": ("voice", ("loudness", "sound_level")),
    "volvar": ("voice", ("loudness_sd",)), "rate": ("voice", ("speech_rate",)),
    "voice": ("voice", ("f0_mean", "loudness")), "speech": ("voice", ("speech_rate", "f0_mean", "loudness")),
    "pause": ("voice", ("pause", "pause_mean")), "pauseratio": ("voice", ("pause_ratio",)),
    "pauselen": ("voice", ("pause_mean", "pause")), "pausecount": ("voice", ("pause_count",)),
    "jitter": ("voice", ("jitter",)), "shimmer": ("voice", ("shimmer",)), "hnr": ("voice", ("hnr",)),
    "alpha": ("voice", ("alpha_ratio",)), "hammarberg": ("voice", ("hammarberg",)),
    "flux": ("voice", ("spectral_flux",)), "peaks": ("voice", ("loudness_peaks",)),
    "voiced": ("voice", ("voiced_segments",)), "heart": ("physiology", ("heart_rate",)),
    "hrv": ("physiology", ("heart_rate_variability",)), "breath": ("physiology", ("respiration_rate",)),
    "skin": ("physiology", ("skin_conductance",)), "skintemp": ("physiology", ("skin_temperature",)),
    "blinkrate": ("face", ("blink_rate",)), "blink": ("face", ("blink_rate",)),
    "picture": ("scene", ("brightness",)), "motion": ("scene", ("motion",)), "colour": ("scene", ("colourfulness",)),
    "faces": ("scene", ("n_faces",)),
}  # fmt: skip
#: Unit -> measures it can be a unit of; a number with another unit belongs elsewhere.
_OF_UNIT: Final[dict[str, frozenset[str]]] = {
    "Hz": frozenset(("f0_mean", "f0_sd", "f0_range")), "kHz": frozenset(("f0_mean",)),
    "dB": frozenset(("loudness", "sound_level", "loudness_sd", "hnr", "alpha_ratio", "hammarberg", "shimmer")),
    "semitones": frozenset(("f0_range", "f0_sd", "f0_mean")), "semitones/s": frozenset(("f0_slope",)),
    "syll/s": frozenset(("speech_rate",)), "s": frozenset(("pause", "pause_mean")),
    "deg": frozenset(("yaw", "pitch", "roll", "gaze", "nod", "shake")),
}  # fmt: skip
#: A number without a unit says nothing of these.
_NEEDS_UNIT: Final = frozenset(("voice", "speech", "blink", "picture", "pause", "faces"))
#: Level words of these may be degrees as well: "strong jitter", "little variation".
_BY_DEGREE: Final = frozenset(
    (
        "pitch", "range", "volume", "volvar", "rate", "voice", "jitter", "shimmer", "hnr", "alpha", "hammarberg",
        "flux", "motion", "colour", "heart", "breath", "skin",
    )
)  # fmt: skip
_LOUD: Final = {"low": "soft", "normal": "normal", "high": "loud"}
_BY_LOUD: Final = frozenset(("voice", "volume", "motion", "colour"))
#: What is low when it is not there.
_VARIES: Final = frozenset(("range", "volvar", "motion", "jitter", "shimmer"))
#: A degree stands at most this many words from what it measures.
_NEAR: Final = 5


def fitting(codes: tuple[str, ...], quantity: Quantity) -> tuple[str, ...]:
    """Codes that a number with this unit can measure.

    Examples
    --------
    >>> fitting(("loudness", "f0_mean"), Quantity(value=212.0, unit="Hz"))
    ('f0_mean',)
    """
    if quantity.value is None or (quantity.is_time and not quantity.loose):
        return ()
    if quantity.unit is None or quantity.unit not in _OF_UNIT:
        return codes
    return tuple(code for code in codes if code in _OF_UNIT[quantity.unit])


def by_number(chunk: Chunk, part: Item) -> bool:
    """Add the atom of a measure with a number alone."""
    name = cast("str", part.value)
    if name not in _MEASURED or part.start in chunk.used:
        return False
    modality, codes = _MEASURED[name]
    for item in chunk.of("quantity"):
        quantity = cast("Quantity", item.value)
        fit = fitting(codes, quantity)
        if quantity.loose and name not in ("pause", "pauselen"):
            continue
        if fit and not (quantity.unit is None and name in _NEEDS_UNIT):
            _add(chunk, Meaning(fit, modality), part, item)
            return True
    return False


def by_degree(chunk: Chunk, part: Item, lexicon: Lexicon) -> bool:
    """Add the atom of a measure with a degree alone."""
    name = cast("str", part.value)
    if name not in _BY_DEGREE or part.start in chunk.used:
        return False
    for item in chunk.of("degree"):
        if item.start == part.start or abs(item.place - part.place) > _NEAR:
            continue
        degree = int(cast("str", item.value))
        move = "low" if degree <= 2 else "normal" if degree == 3 else "high"
        found = combined(name, _LOUD[move] if name in _BY_LOUD else move, lexicon.combinations)
        if found is not None:
            _add(chunk, found, part, item)
            chunk.used.add(item.start)
            return True
    return False


def by_lack(chunk: Chunk, lexicon: Lexicon) -> None:
    """Add the atom of what varies and does not: "lacks variation"."""
    for part in chunk.parts:
        name = str(part.value)
        found = combined(name, "low", lexicon.combinations) if name in _VARIES else None
        if found is not None:
            atom = Atom(found, part, part._replace(start=part.end - 1), name)
            atom.flipped = True
            chunk.atoms.append(atom)


def _add(chunk: Chunk, meaning: Meaning, part: Item, item: Item) -> None:
    first, last = (part, item) if part.start < item.start else (item, part)
    chunk.atoms.append(Atom(meaning, first, last, cast("str", part.value)))
    chunk.used.add(part.start)
