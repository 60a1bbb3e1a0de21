"""The nine sets of MER-UniBench: their official scores, how many clips they have, and how to obtain them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ...errors import ConfigError

Score = Literal["hit rate", "weighted F1", "wheel F"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSet:
    """One set.

    Attributes
    ----------
    name, title : str
        In files and on the command line; in reports.
    score : str
        Its official score: ``hit rate`` of one gold word, ``weighted F1`` of the sentiment, ``wheel F`` of labels.
    n_clips : int
        In the official test part.
    split : str
        What that part is called.
    also : tuple of str
        Other names that folders and files have.
    files : tuple of str
        Where its labels are within its folder, the first that is there counts.
    words : tuple of str
        Its classes in the order of their numbers in the benchmark's label files.
    scale : float
        Its valence goes from minus this to this.
    obtain : str
        Where the labels come from.
    """

    name: str
    title: str
    score: Score
    n_clips: int
    split: str
    also: tuple[str, ...]
    files: tuple[str, ...]
    obtain: str
    words: tuple[str, ...] = ()
    scale: float = 1.0


_MMSA: Final = "label.csv of the data set as MMSA distributes it (github.com/thuiar/MMSA)"
_MER: Final = "sign the EULA at huggingface.co/datasets/MERChallenge/{}; labels in test1-label.csv (name, discrete)"
_MER_WORDS: Final = ("neutral", "angry", "happy", "sad", "worried", "surprise")

_ALL: Final = (
    BenchmarkSet(
        name="mer2023",
        title="MER2023",
        score="hit rate",
        n_clips=411,
        split="test1",
        also=(),
        files=("test1-label.csv", "label-6way.npz"),
        words=_MER_WORDS,
        scale=5.0,
        obtain=_MER.format("MER2023"),
    ),
    BenchmarkSet(
        name="mer2024",
        title="MER2024",
        score="hit rate",
        n_clips=1169,
        split="test1",
        also=(),
        files=("test1-label.csv", "label-6way.npz"),
        words=_MER_WORDS,
        scale=5.0,
        obtain=_MER.format("MER2024"),
    ),
    BenchmarkSet(
        name="meld",
        title="MELD",
        score="hit rate",
        n_clips=2610,
        split="test",
        also=("meldraw",),
        files=("test_sent_emo.csv", "label.npz"),
        words=("anger", "joy", "sadness", "neutral", "disgust", "fear", "surprise"),
        obtain="test_sent_emo.csv of github.com/declare-lab/MELD (data/MELD)",
    ),
    BenchmarkSet(
        name="iemocap",
        title="IEMOCAP",
        score="hit rate",
        n_clips=1241,
        split="session 5",
        also=("iemocapfour", "iemocap4", "iemocapfullrelease"),
        files=("Session5/dialog/EmoEvaluation", "dialog/EmoEvaluation", "EmoEvaluation", "label_4way.npz"),
        words=("happy", "sad", "neutral", "anger"),
        obtain="ask for IEMOCAP_full_release at sail.usc.edu/iemocap; labels in Session5/dialog/EmoEvaluation/*.txt",
    ),
    BenchmarkSet(
        name="mosi",
        title="CMU-MOSI",
        score="weighted F1",
        n_clips=686,
        split="test",
        also=("cmumosi",),
        files=("label.csv", "label.npz"),
        scale=3.0,
        obtain=_MMSA,
    ),
    BenchmarkSet(
        name="mosei",
        title="CMU-MOSEI",
        score="weighted F1",
        n_clips=4659,
        split="test",
        also=("cmumosei",),
        files=("label.csv", "label.npz"),
        scale=3.0,
        obtain=_MMSA,
    ),
    BenchmarkSet(
        name="sims",
        title="CH-SIMS",
        score="weighted F1",
        n_clips=457,
        split="test",
        also=("chsims",),
        files=("metadata/sentiment/label_M.csv", "label.csv", "label.npz"),
        obtain="github.com/thuiar/MMSA (CH-SIMS): metadata/sentiment/label_M.csv with test_index.csv, or label.csv",
    ),
    BenchmarkSet(
        name="simsv2",
        title="CH-SIMS v2",
        score="weighted F1",
        n_clips=1034,
        split="test",
        also=("chsimsv2", "chsimsv2s"),
        files=("meta.csv", "label.csv", "label.npz"),
        obtain="github.com/thuiar/ch-sims-v2: meta.csv of the supervised part (ch-simsv2s)",
    ),
    BenchmarkSet(
        name="ov-merd+",
        title="OV-MERD+",
        score="wheel F",
        n_clips=532,
        split="test",
        also=("ovmerdplus",),
        files=("ovlabel.csv",),
        obtain="ovmerdplus-process/ovlabel.csv, which comes with MER-UniBench (github.com/zeroQiaoba/AffectGPT)",
    ),
)
#: Name -> set, in the order of the papers' tables.
SETS: Final[Mapping[str, BenchmarkSet]] = {one.name: one for one in _ALL}

_KNOWN: Final = {
    re.sub(r"[^a-z0-9]", "", spelling.lower()): one for one in _ALL for spelling in (one.name, *one.also)
} | {"ovmerd": SETS["ov-merd+"]}
#: What folders and files are called beside the name of their set.
_BESIDE: Final = re.compile(r"(?:^results|dataset|process|labels?|test1?|gold|raw)+")


def set_named(word: str) -> BenchmarkSet | None:
    """Set that a word, a folder or a file is named after; None when there is none.

    Examples
    --------
    >>> [found and found.name for found in map(set_named, ("cmumosi-process", "MER2023", "OVMERDPlus", "films"))]
    ['mosi', 'mer2023', 'ov-merd+', None]
    """
    plain = re.sub(r"[^a-z0-9]", "", word.lower())
    return _KNOWN.get(plain) or _KNOWN.get(_BESIDE.sub("", plain))


def how_to_obtain(names: Iterable[str] = SETS) -> list[str]:
    """Lines that say where the labels of these sets come from.

    Raises
    ------
    ConfigError
        There is no such set.
    """
    lines = []
    for name in names:
        found = set_named(name)
        if found is None:
            raise ConfigError(f"MER-UniBench has no set {name!r}; it has {', '.join(SETS)}")
        lines.append(
            f"{found.name} ({found.title}, {found.split}, {found.n_clips} clips, {found.score}): {found.obtain}"
        )
    return lines
