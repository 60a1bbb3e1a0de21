"""CueSets of annotations: what data sets of the field hold instead of extracted cues."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from ...cues.imports.annotations import prose_cues, said_cue
from ...records import Clip, Cue, CueSet, Gap, Reference
from ...records.labels import Modality
from ...training.rows.leaks import gold_words

#: Modalities of a clip that a reader expects to hear of.
_EXPECTED: Final[tuple[Modality, ...]] = ("face", "voice", "speech")
_REMEDY: Final = "the file holds no such annotation; `emoreason cues` on the clip finds more"


class Annotated(NamedTuple):
    """Cues of one clip, the words that were masked in its prose, and how many texts a language model refused."""

    cueset: CueSet
    masked: Counter[str]
    refused: int


def annotated(
    clip: Clip,
    face: list[Cue],
    prose: Mapping[Modality, str | None] | None = None,
    *,
    gold: Reference | None = None,
    picture: bool = False,
    source: str = "annotation",
) -> Annotated:
    """Make the cues of one clip, with a gap for each modality that nothing is known of.

    Parameters
    ----------
    clip : Clip
        Its transcript becomes one utterance.
    face : list of Cue
        From intensities or codes.
    prose : mapping of modality to str, optional
        Sentences on the scene or the voice; emotion words are masked, texts in which a model refused left out.
    gold : Reference, optional
        What people say of the clip: words that would give it away (those that the check for leaks looks for) are
        masked in the prose as well.
    picture : bool
        It has no sound.
    source : str
        Who wrote the prose.
    """
    cues, masked, refused = list(face), Counter[str](), 0
    own = gold_words(gold) if gold is not None else ()
    for modality, text in (prose or {}).items():
        if text:
            found = prose_cues(text, modality, source, own=own)
            cues += found.cues
            masked.update(found.masked)
            refused += found.refused
    if clip.transcript:
        cues.append(said_cue(clip.transcript))
    there = {cue.modality for cue in cues}
    gaps = [
        Gap(modality=modality, reason="no_audio_track")
        if picture and modality != "face"
        else Gap(modality=modality, reason="not_requested", detail=_REMEDY)
        for modality in _EXPECTED
        if modality not in there
    ]
    return Annotated(CueSet(clip=clip, cues=tuple(cues), gaps=tuple(gaps)), masked, refused)
