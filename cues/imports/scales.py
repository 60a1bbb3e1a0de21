"""What may be said of each tool's numbers: from where on a movement counts, and whether it has an intensity word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """How a tool's action units are judged.

    Attributes
    ----------
    name : str
        As people know the tool.
    source : str
        Of its cues.
    floor : float
        Smallest apex that counts as an event, after stretching the tool's scale to 0-5.
    has_words : bool
        Whether its scale is FACS intensity, so that words such as ``strongly`` mean what they say.
    untracked : str
        What it says of frames that it does not vouch for.
    """

    name: str
    source: str
    floor: float
    has_words: bool
    untracked: str


#: Floors: OpenFace 0.8 of 5 as MER-Factory; py-feat 0.5 of 1 as Richet et al.; blendshapes 0.3 of 1, our judgement
#: (a face at rest stays below it in most shapes). The intensity words were recovered from captions of OpenFace values.
SCALES: Final[Mapping[str, Scale]] = {
    "openface": Scale("OpenFace", "openface", 0.8, True, "success 0, or confidence under 0.7"),
    "pyfeat": Scale("py-feat", "pyfeat", 2.5, False, "no face, or FaceScore under 0.5"),
    "blendshapes": Scale("MediaPipe/ARKit blendshapes", "blendshapes", 1.5, False, "no coefficients"),
}
