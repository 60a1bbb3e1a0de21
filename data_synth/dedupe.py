"""Near-duplicates among texts: MinHash over runs of words, from the library datasketch (MIT).

A text becomes a signature of 256 bytes when it is read, so that 100,000 texts need 26 MB and no text is kept: the lower
16 bits of 128 hashes (Li & König, "b-Bit Minwise Hashing", WWW 2010; two hashes that differ agree in these once in
65,536 times). Texts whose signatures agree in a band are compared by the share of equal hashes, an estimate of the
Jaccard similarity of their runs of words (standard error 0.035 at 0.8). Bands are chosen so that a pair at the
threshold is missed in at most one of 100 cases (Leskovec, Rajaraman & Ullman, *Mining of Massive Datasets*, chapter
3). What is like a better text is a duplicate of it; what is like a duplicate only is none.

Embeddings find what is said again in other words; they are asked for by a cosine and compared with the better texts of
the same group alone.
"""

import re
import zlib
from array import array
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..rewards.embedders import Embedder

#: Hashes of a signature: the library's default.
HASHES: Final = 128
#: Words of a run. Three tell word order; runs of five would call every changed number a new text.
RUN: Final = 3
_MISSED: Final = 0.01
#: Ids of cues are the clip's, and no words of the text.
_CITATION: Final = re.compile(r"\[[^\]\n]{0,200}\]")
_WORD: Final = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A text that says nearly what a better one says: numbers of both, and how alike they are (0 to 1)."""

    number: int
    of: int
    likeness: float


class Texts:
    """Signatures of texts, taken one by one; the texts are not kept.

    Parameters
    ----------
    embedder : Embedder, optional
        Also keep a vector of each text (half precision).

    Raises
    ------
    ConfigError
        datasketch is not installed.

    Examples
    --------
    >>> texts = Texts()
    >>> for text in ("The brows rise and the jaw drops.", "the brows rise, and the jaw drops", "Lips part."):
    ...     texts.add(text, group="en")
    >>> [(found.number, found.of) for found in texts.duplicates([0.5, 1.0, 0.2], 0.8)]
    [(0, 1)]
    """

    def __init__(self, embedder: Embedder | None = None) -> None:
        try:
            from datasketch import MinHash
        except ModuleNotFoundError as error:
            raise ConfigError("datasketch is not installed; run: pip install datasketch") from error
        # CRC-32 instead of SHA-1: the library's permutations spread what it leaves together, in half the time.
        self._signature: Any = MinHash(HASHES, seed=1, hashfunc=zlib.crc32)
        self._signatures = bytearray()
        self._groups = array("i")
        self._numbers: dict[Hashable, int] = {}
        self._embedder = embedder
        self._vectors: list[NDArray[np.float16]] = []
        self._waiting: list[str] = []

    def __len__(self) -> int:
        """Texts so far."""
        return len(self._groups)

    def add(self, text: str, group: Hashable = None) -> None:
        """Take in a text. Texts of different groups are never compared."""
        self._signature.clear()  # one for all texts: making another takes as long as hashing a text
        self._signature.update_batch(runs(text))
        self._signatures += np.asarray(self._signature.hashvalues).astype(np.uint16).tobytes()
        self._groups.append(self._numbers.setdefault(group, len(self._numbers)))
        if self._embedder is not None:
            self._waiting.append(_CITATION.sub(" ", text))
            if len(self._waiting) == _EMBEDDED_AT_ONCE:
                self._embed()

    def duplicates(
        self, goodness: Sequence[float], threshold: float, *, cosine: float | None = None
    ) -> list[Duplicate]:
        """Find texts that are like a better one.

        Parameters
        ----------
        goodness : sequence of float
            Of each text: the better one stays; the earlier one where they are equal.
        threshold : float
            Jaccard similarity from which on texts are alike, 0 to 1.
        cosine : float, optional
            Cosine from which on they are alike; only with an embedder.

        Raises
        ------
        ConfigError
            A threshold is not between 0 and 1, or there is no embedder for a cosine.
        """
        for name, value in (("near-duplicate threshold", threshold), ("cosine", 1.0 if cosine is None else cosine)):
            if not 0.0 < value <= 1.0:
                raise ConfigError(f"{name} is {value}; expected more than 0 and at most 1")
        if cosine is not None and self._embedder is None:
            raise ConfigError("a cosine of near-duplicates needs an embedder")
        order = np.lexsort((np.arange(len(self)), -np.asarray(goodness, dtype=float)))
        found = self._by_signature(order, threshold)
        if cosine is not None:
            self._embed()
            gone = {one.number for one in found}
            found += self._by_vector([int(number) for number in order if int(number) not in gone], cosine)
        return sorted(found, key=lambda one: one.number)

    def _by_signature(self, order: NDArray[np.intp], threshold: float) -> list[Duplicate]:
        if not len(self):
            return []
        signatures = np.frombuffer(bytes(self._signatures), np.uint16).reshape(len(self), HASHES)
        buckets = _buckets(signatures, np.array(self._groups, np.uint16), threshold)
        leaders: dict[int, list[int]] = defaultdict(list)
        found = []
        for number in (int(one) for one in order):
            mine = [int(bucket) for bucket in buckets[number] if bucket >= 0]
            others = sorted({leader for bucket in mine for leader in leaders.get(bucket, ())})
            if others:
                likeness = (signatures[others] == signatures[number]).mean(axis=1)
                best = int(likeness.argmax())
                if likeness[best] >= threshold:
                    found.append(Duplicate(number, others[best], round(float(likeness[best]), 3)))
                    continue
            for bucket in mine:
                leaders[bucket].append(number)
        return found

    def _by_vector(self, order: Sequence[int], cosine: float) -> list[Duplicate]:
        vectors = np.stack(self._vectors).astype(np.float32) if self._vectors else np.zeros((0, 1), np.float32)
        kept: dict[int, list[int]] = defaultdict(list)
        found = []
        for number in order:
            others = kept[self._groups[number]]
            if others:
                cosines = vectors[others] @ vectors[number]
                best = int(cosines.argmax())
                if cosines[best] >= cosine:
                    found.append(Duplicate(number, others[best], round(min(float(cosines[best]), 1.0), 3)))
                    continue
            others.append(number)
        return found

    def _embed(self) -> None:
        if self._embedder is not None and self._waiting:
            self._vectors += list(self._embedder(self._waiting).astype(np.float16))
            self._waiting = []


_EMBEDDED_AT_ONCE: Final = 256


def runs(text: str) -> list[bytes]:
    """Return the runs of words of a text, lower case, without citations; a Chinese character is a word.

    Examples
    --------
    >>> runs("Lips part [face1.AU25.1], then close.")
    [b'lips part then', b'part then close']
    """
    words = _WORD.findall(_CITATION.sub(" ", text).casefold())
    if len(words) < RUN:
        return [" ".join(words).encode("utf-8", "surrogatepass")]
    found = dict.fromkeys(map(" ".join, zip(*(words[at:] for at in range(RUN)), strict=False)))
    return [run.encode("utf-8", "surrogatepass") for run in found]


def rows_per_band(threshold: float) -> int:
    """Hashes of a band: as many as miss a pair at the threshold in at most one of 100 cases.

    Examples
    --------
    >>> [rows_per_band(threshold) for threshold in (0.5, 0.8, 0.9)]
    [3, 6, 10]
    """
    return max(
        (rows for rows in range(1, HASHES + 1) if (1 - threshold**rows) ** (HASHES // rows) <= _MISSED), default=1
    )


def _buckets(signatures: NDArray[np.uint16], groups: NDArray[np.uint16], threshold: float) -> NDArray[np.int32]:
    """Bucket of each text in each band, ``[text, band]``; -1 where no other text of its group is in it."""
    rows = rows_per_band(threshold)
    bands = HASHES // rows
    buckets = np.full((len(signatures), bands), -1, np.int32)
    first = 0
    for band in range(bands):
        part = np.ascontiguousarray(np.column_stack((groups, signatures[:, band * rows : (band + 1) * rows])))
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * part.shape[1]))).ravel()
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shared = counts[inverse] > 1
        buckets[shared, band] = first + inverse[shared]
        first += len(counts)
    return buckets
