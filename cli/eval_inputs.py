"""What ``emoreason eval`` reads: gold, predictions and cues, with a line for everything that could not be used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import ConfigError
from .eval_options import EvalOptions
from .group import Tally
from .terminal import complain, notice

if TYPE_CHECKING:
    from ..eval.outcome import System
    from ..eval.reading.gold import GoldFile
    from ..eval.reading.predictions import PredictionFile
    from ..eval.sample import Gold, Prediction
    from ..records import CueSet

#: Bad rows of one file that are told one by one.
_MOST_TOLD: Final = 10


@dataclass(slots=True)
class Inputs:
    """What was read.

    Attributes
    ----------
    golds : list of Gold
        All clips.
    systems : list of System
        Each with predictions that have the gold's clip ids.
    files : list of (role, path)
        What was read, for the manifest.
    notes : list of str
        What was decided on the way.
    tally : Tally
        Rows that could not be used count as failed.
    from_label_files : bool
        Whether the gold came from official label files of benchmark sets.
    """

    golds: "list[Gold]"
    systems: "list[System]" = field(default_factory=list)
    files: list[tuple[str, Path]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    from_label_files: bool = False

    def predictions(self) -> "list[Prediction]":
        """Return those of all systems."""
        return [prediction for system in self.systems for prediction in system.predictions]


def read_inputs(
    paths: Sequence[str], options: EvalOptions, *, system: str | None = None, names: Sequence[str] = ()
) -> Inputs:
    """Read everything.

    Raises
    ------
    ConfigError
        A file cannot be read, or no prediction is of a clip of the gold.
    """
    from ..eval.reading.predictions import read_predictions

    if names and len(names) != len(paths):
        raise ConfigError(f"--name was given {len(names)} times for {len(paths)} files; name each, or none")
    called: list[str | None] = [*names] or [None] * len(paths)
    files = [read_predictions(path, system=system, name=name) for path, name in zip(paths, called, strict=True)]
    cues_file = options.cues or next((str(file.cues) for file in files if file.cues is not None), None)
    tally = Tally()
    cues = _cues(cues_file, tally)
    gold = _gold(options, cues)
    tell_problems(", ".join(options.gold), gold.problems, tally)
    inputs = Inputs(gold.golds, notes=list(gold.notes), tally=tally, from_label_files=_is_label_files(options.gold))
    inputs.files = [("gold", file) for file in _gold_files(options.gold)]
    for file, path in zip(files, paths, strict=True):
        tell_problems(path, file.problems, tally)
        inputs.files += [("predictions", name) for name in file.files]
        _add(inputs, file, path)
    if cues_file is not None:
        inputs.files.append(("cues", Path(cues_file)))
    for note in inputs.notes:
        notice(note)
    return inputs


def _gold(options: EvalOptions, cues: "dict[str, CueSet]") -> "GoldFile":
    from ..eval.reading.gold import read_gold

    if _is_label_files(options.gold):
        from ..eval.unibench import read_label_files

        return read_label_files(options.gold)
    return read_gold(
        options.gold[0],
        speaker=options.speaker,
        valence_scale=options.valence_scale,
        language=options.language,
        cues=cues,
    )


def _is_label_files(given: Sequence[str]) -> bool:
    """Whether the gold is official label files: several, a folder, or ``SET=FILE``."""
    return len(given) > 1 or Path(given[0]).is_dir() or ("=" in given[0] and not Path(given[0]).exists())


def _gold_files(given: Sequence[str]) -> list[Path]:
    """Return the files behind what was given; a folder counts by the label files in it."""
    found: list[Path] = []
    for name in given:
        path = Path(name if Path(name).exists() else name.partition("=")[2])
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return found


def _cues(path: str | None, tally: Tally) -> "dict[str, CueSet]":
    from ..eval.reading.predictions import by_clip, read_cuesets

    if path is None:
        return {}
    problems: list[tuple[str, str]] = []
    found = dict(by_clip(read_cuesets(path), problems))
    tell_problems(path, problems, tally)
    return found


def tell_problems(path: str, problems: Iterable[tuple[str, str]], tally: Tally) -> None:
    """Name the rows of a file that cannot be used, and count them."""
    told = list(problems)
    for place, why in told[:_MOST_TOLD]:
        complain(place, why)
    if len(told) > _MOST_TOLD:
        notice(f"error: {path}: {len(told) - _MOST_TOLD} more rows cannot be used")
    tally.failed += len(told)


def _add(inputs: Inputs, file: "PredictionFile", path: str) -> None:
    """Add the systems of one file; a name that is taken is told apart by the file's."""
    from ..eval.outcome import System
    from ..eval.reading.predictions import matched

    taken = {system.name for system in inputs.systems}
    inputs.notes += file.notes
    for name, predictions in file.systems.items():
        found, others = matched(inputs.golds, predictions)
        if not found:
            shown = ", ".join(repr(one.clip) for one in predictions[:2])
            raise ConfigError(
                f"{path}: no prediction of {name} is of a clip of the gold; the gold has "
                f"{inputs.golds[0].clip!r} …, the predictions are of {shown}"
            )
        called = name if name not in taken else f"{name} ({path})"
        inputs.systems.append(System(name=called, predictions=found, about=Path(path).name))
        if others:
            inputs.notes.append(f"{called}: {others} predictions are of no clip of the gold, or of one twice: left out")
        if missing := len(inputs.golds) - len(found):
            inputs.notes.append(f"{called}: {missing} of {len(inputs.golds)} clips have no prediction: scored as wrong")
        taken.add(called)
