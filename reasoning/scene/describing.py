"""The keyframes of a clip, one after the other, to a vision model and back as cues."""

import base64
import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import EmoreasonError, MediaError, UpstreamError
from ...prompts.ask import SCENE_PARTS, Question, ask_for_scene
from ...prompts.screening import screen
from ...prompts.untrusted import neutralise
from ...records import Cue, CueSet, Gap
from ...rewards.judge.cache import VerdictCache
from ..conversation.media import media_file
from ..conversation.turn import Sampling
from ..engines.base import LanguageModel
from ..free_text import ask_model
from .sentences import sentences_of

if TYPE_CHECKING:
    from ...cues.limits import Limits
    from ...cues.stills import Still

NAME: Final = "emoreason.describe"
VERSION: Final = "1"
SAMPLING: Final = Sampling(max_tokens=1_024)
#: Keyframes described of one clip, spread evenly over it.
MOST_KEYFRAMES: Final = 8
#: Pixels of one picture: 512 tokens for Qwen2.5-VL.
MAX_PIXELS: Final = 401_408

_JOIN: Final = {"en": " ", "zh": ""}
_LOG = logging.getLogger(__name__)


class SceneCache(VerdictCache):
    """A folder of descriptions, one small JSON file for each picture, prompt, model and sampling.

    Files are put in place whole, so several threads and processes may share the folder.
    """

    what = "descriptions of scenes"

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__(Path(folder))


@dataclass(slots=True)
class Described:
    """A clip with its scene cues.

    Attributes
    ----------
    cueset : CueSet
        With scene cues and gaps.
    notes : tuple of str
        What was left out, and why.
    asked, recalled : int
        Pictures that the model was asked about, and that the cache knew.
    """

    cueset: CueSet
    notes: tuple[str, ...] = ()
    asked: int = 0
    recalled: int = 0


def describe_scene(
    cueset: CueSet,
    model: LanguageModel,
    *,
    language: str = "en",
    cache: SceneCache | None = None,
    sampling: Sampling = SAMPLING,
    most: int = MOST_KEYFRAMES,
    limits: "Limits | None" = None,
) -> CueSet:
    """Return the same cues with those of :func:`describe`; its notes go to the log."""
    described = describe(cueset, model, language=language, cache=cache, sampling=sampling, most=most, limits=limits)
    for note in described.notes:
        _LOG.info("%s: %s", cueset.clip.id, note)
    return described.cueset


def describe(
    cueset: CueSet,
    model: LanguageModel,
    *,
    language: str = "en",
    cache: SceneCache | None = None,
    sampling: Sampling = SAMPLING,
    most: int = MOST_KEYFRAMES,
    limits: "Limits | None" = None,
) -> Described:
    """Have a vision model describe the keyframes of a clip.

    Parameters
    ----------
    cueset : CueSet
        Cues with keyframes (the scene extractor's); ``clip.path`` is read. Earlier descriptions are replaced.
    model : LanguageModel
        An engine whose model takes pictures.
    language : str
        Language of prompt and sentences.
    cache : SceneCache, optional
        Keeps what was written; without it nothing is kept.
    sampling : Sampling
        Greedy by default.
    most : int
        Keyframes at most.
    limits : Limits, optional
        What reading the pictures may cost.

    Returns
    -------
    Described
        Where something failed, a gap of the modality ``scene`` at the keyframe says so.

    Raises
    ------
    ConfigError
        There is no such language.
    """
    ask_for_scene("", language)  # a wrong language fails before anything is read
    bare = _without_descriptions(cueset)
    keyframes = [cue for cue in bare.cues if (cue.modality, cue.code, cue.state) == ("scene", "keyframe", "present")]
    keyframes = [cue for cue in keyframes if cue.start_s is not None]
    if not keyframes:
        return Described(bare, ("there is no keyframe to describe: the scene extractor found none or was left out",))
    chosen = _spread(keyframes, most)
    work = _Describing(bare, model, language, cache, sampling, limits)
    if chosen:
        work.describe(chosen)
    if len(keyframes) > len(chosen):
        work.notes.append(f"{len(chosen)} of {len(keyframes)} keyframes were described, evenly spread over the clip")
    return work.result()


def _without_descriptions(cueset: CueSet) -> CueSet:
    """Take out what an earlier run of this stage put in."""
    ours = f"{NAME}/"
    return replace(
        cueset,
        cues=tuple(cue for cue in cueset.cues if not (cue.source or "").startswith(ours)),
        gaps=tuple(gap for gap in cueset.gaps if not (gap.detail or "").startswith(_NOT_DESCRIBED)),
    )


_NOT_DESCRIBED: Final = "the keyframe was not described: "


def _spread(keyframes: Sequence[Cue], most: int) -> list[Cue]:
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(keyframes) <= most:
        return list(keyframes)
    if most <= 1:
        return [keyframes[len(keyframes) // 2]][: max(0, most)]
    last = len(keyframes) - 1
    return [keyframes[round(place * last / (most - 1))] for place in range(most)]


@dataclass(slots=True)
class _Describing:
    """The descriptions of one clip as they come."""

    cueset: CueSet
    model: LanguageModel
    language: str
    cache: SceneCache | None
    sampling: Sampling
    limits: "Limits | None"
    notes: list[str] = field(default_factory=list)
    found: dict[str, list[Cue]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    asked: int = 0
    recalled: int = 0
    left_out: int = 0

    def describe(self, keyframes: Sequence[Cue]) -> None:
        """Describe the keyframes; a model or clip that cannot be used is one gap, at the first of them."""
        blind = self._blind()
        if blind is not None:
            self._fail(keyframes[0], blind)
            return
        path, missing = media_file(self.cueset.clip, "its file cannot be shown")
        if path is None:
            self._fail(keyframes[0], missing)
            return
        from ...cues.stills import read_stills

        times_s = [cue.start_s or 0.0 for cue in keyframes]
        try:
            stills = read_stills(
                path, times_s, max_pixels=MAX_PIXELS, sha256=self.cueset.clip.sha256, limits=self.limits
            )
        except MediaError as error:
            self._fail(keyframes[0], str(error))
            return
        if not stills:
            self._fail(keyframes[0], "the file has no pictures")
        for keyframe, still in zip(keyframes, stills, strict=bool(stills)):
            try:
                self._take(keyframe, self._answer(still))
            except UpstreamError as error:  # the next picture would fare no better
                self._fail(keyframe, str(error))
                return
            except EmoreasonError as error:
                self._fail(keyframe, str(error))

    def result(self) -> Described:
        """Return the clip with what was found, each keyframe's cues behind it."""
        made = [cue for cues in self.found.values() for cue in cues]
        _, dropped = screen([*self.cueset.cues, *made])
        refused = {one.cue_id for one in dropped} & {cue.id for cue in made}
        cues = [
            cue
            for own in self.cueset.cues
            for cue in (own, *self.found.get(own.id, ()))
            if cue is own or cue.id not in refused
        ]
        if self.left_out or refused:
            self.notes.insert(
                0,
                f"{self.left_out + len(refused)} sentences of the scene's description were left out: they name "
                "emotions or states of mind",
            )
        return Described(
            cueset=replace(self.cueset, cues=tuple(cues), gaps=(*self.cueset.gaps, *self.gaps)),
            notes=tuple(dict.fromkeys(self.notes)),
            asked=self.asked,
            recalled=self.recalled,
        )

    def _blind(self) -> str | None:
        """Why the model cannot be shown pictures; None: it can, or nobody knows better."""
        able = getattr(self.model, "capabilities", None)
        try:
            if able is None or getattr(able(), "pictures", True):
                return None
        except EmoreasonError as error:
            return str(error)
        return f"{self.model.model} takes no pictures; use a vision model"

    def _fail(self, keyframe: Cue, reason: str) -> None:
        detail = f"{_NOT_DESCRIBED}{reason}"
        moment_s = keyframe.start_s
        self.gaps.append(
            Gap(modality="scene", reason="extractor_failed", start_s=moment_s, end_s=moment_s, detail=detail)
        )
        self.notes.append(detail)

    def _answer(self, still: "Still") -> Mapping[str, Any]:
        url = f"data:image/jpeg;base64,{base64.b64encode(still.jpeg).decode('ascii')}"
        question = ask_for_scene(url, self.language)
        key = _key(still.sha256, question, self.model, self.sampling)
        known = self.cache.get(key) if self.cache is not None else None
        if known is not None and isinstance(known.get("value"), dict):
            self.recalled += 1
            return dict(known["value"])
        self.asked += 1
        answered = ask_model(question, self.model, self.sampling)
        self.notes += answered.notes
        if self.cache is not None:
            self.cache.put(key, {"model": self.model.model, "prompt": question.version, "value": dict(answered.value)})
        return answered.value

    def _take(self, keyframe: Cue, value: Mapping[str, Any]) -> None:
        """Make cues of one reply; a keyframe of which nothing can be kept is a gap."""
        cues: list[Cue] = []
        before = self.left_out
        for part in SCENE_PARTS:
            sentences, left_out = sentences_of(value.get(part), self.language)
            self.left_out += left_out
            if sentences:
                cues.append(self._cue(keyframe, part, _JOIN[self.language].join(sentences)))
        if cues:
            self.found[keyframe.id] = cues
        elif self.left_out > before:
            self._fail(keyframe, f"all {self.left_out - before} sentences name emotions or states of mind")
        else:
            self._fail(keyframe, f"{self.model.model} wrote no sentence about it")

    def _cue(self, keyframe: Cue, part: str, text: str) -> Cue:
        number = keyframe.id.rpartition(".")[2]
        cue_id = f"scene.{part}.{number}"
        if any(cue.id == cue_id for cue in self.cueset.cues):
            cue_id = f"describe.{part}.{number}"
        return Cue(
            id=cue_id,
            modality="scene",
            code=part,
            start_s=keyframe.start_s,
            end_s=keyframe.start_s,
            source=f"{NAME}/{VERSION} {neutralise(self.model.model, 200)}",
            text=text,
        )


def _key(sha256: str, question: Question, model: LanguageModel, sampling: Sampling) -> str:
    """Digest of all that decides what is written: picture, words of the prompt, schema, model, sampling."""
    asked = [NAME, VERSION, sha256, question.version, model.name, model.model, asdict(sampling)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
