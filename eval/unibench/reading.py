"""Official label files of MER-UniBench, found by path."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ...errors import ConfigError, RecordError
from ..reading.gold import GoldFile
from .layouts import Read, read_emo_evaluation, read_table
from .sets import SETS, BenchmarkSet, how_to_obtain, set_named

#: Keys of the benchmark's own label archives, by set.
_CORPUS: Final = {"mer2023": "test1_corpus", "mer2024": "test1_corpus", "iemocap": "whole_corpus"}


def read_label_files(paths: str | Path | Iterable[str | Path]) -> GoldFile:
    """Golds of the sets whose label files are at the paths, one list for all of them.

    Clips are named ``SET/NAME``, as sets share names; ``columns["set"]`` says which set a clip is of.

    Parameters
    ----------
    paths : path or paths
        A label file, the folder of one set, a folder that holds folders or files named after sets
        (``mer2023-dataset-process``, ``MELD``, ``mosi.csv``), or ``SET=PATH`` where no name says the set.

    Returns
    -------
    GoldFile
        ``notes`` names the sets that are missing and how to obtain them, and those with another number of clips than
        the benchmark's.

    Raises
    ------
    ConfigError
        A path leads to no label file of a set, or a file cannot be read. Archives (``.npz``) of pickled objects are
        refused: opening one can run whatever its author put there.
    """
    found = GoldFile()
    counts: dict[str, int] = {}
    taken: set[str] = set()
    for one, path in _label_files([paths] if isinstance(paths, str | Path) else paths):
        if one.name in counts:
            raise ConfigError(f"{path}: label files of {one.title} were given twice; name one of them")
        counts[one.name] = 0
        for place, gold in _read(path, one):
            if isinstance(gold, RecordError):
                found.problems.append((place, str(gold)))
            elif gold is not None and gold.clip in taken:
                found.problems.append((place, f"clip {gold.clip!r:.80} has a row already; the first one counts"))
            elif gold is not None:
                taken.add(gold.clip)
                found.golds.append(gold)
                counts[one.name] += 1
    found.notes += _notes(counts)
    if not found.golds:
        first = f": {found.problems[0][0]}: {found.problems[0][1]}" if found.problems else ""
        raise ConfigError(f"no clip of MER-UniBench could be read{first}; obtain {'; '.join(how_to_obtain())}")
    return found


def _read(path: Path, one: BenchmarkSet) -> Read:
    if path.suffix.lower() == ".npz":
        raise ConfigError(_refusal(path, one))
    return read_emo_evaluation(path, one) if path.is_dir() else read_table(path, one)


def _refusal(path: Path, one: BenchmarkSet) -> str:
    """Why an archive is not read, and the command that turns one into a table."""
    corpus = _CORPUS.get(one.name, "test_corpus")
    table = f"{one.name}.csv"
    session = " if n[4] == '5'" if one.name == "iemocap" else ""
    command = (
        f"import csv, numpy as np; c = np.load('{path.name}', allow_pickle=True)['{corpus}'].item(); "
        f"csv.writer(open('{table}', 'w', newline='', encoding='utf-8'))"
        f".writerows([('name', 'emo', 'val')] + [(n, c[n]['emo'], c[n].get('val', '')) for n in c{session}])"
    )
    return (
        f"{path}: holds pickled objects, which can run code when opened. If you trust where it comes from, turn "
        f'it into a table once and give that: python -c "{command}", then {one.name}={table}'
    )


def _label_files(paths: Iterable[str | Path]) -> Iterator[tuple[BenchmarkSet, Path]]:
    for given in paths:
        name, equals, rest = str(given).partition("=")
        if equals and (one := set_named(name)):
            yield one, _file_of(one, Path(rest))
            continue
        path = Path(given)
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file or folder; expected label files of MER-UniBench")
        one = _set_of(path)
        if one is not None:
            yield one, _file_of(one, path)
        elif path.is_dir():
            yield from _within(path)
        else:
            raise ConfigError(
                f"{path}: its name does not say of which set it is; write SET={path} with one of {', '.join(SETS)}"
            )


def _set_of(path: Path) -> BenchmarkSet | None:
    """Set that the file or folder is named after, or the folder around a file."""
    for name in (path.stem if path.is_file() else path.name, *(p.name for p in path.absolute().parents[:4])):
        if one := set_named(name):
            return one
        if path.is_dir():
            break
    return next((one for one in SETS.values() if path.name in one.files and _is_its_own(path.name)), None)


def _is_its_own(name: str) -> bool:
    """Whether label files of this name belong to one set alone."""
    return sum(name in one.files for one in SETS.values()) == 1


def _within(folder: Path) -> Iterator[tuple[BenchmarkSet, Path]]:
    """Label files in a folder of sets."""
    found = 0
    for child in sorted(folder.iterdir()):
        one = set_named(child.name if child.is_dir() else child.stem) or (_set_of(child) if child.is_file() else None)
        if one is not None and (child.is_dir() or child.suffix.lower() in (".csv", ".tsv", ".npz")):
            found += 1
            yield one, _file_of(one, child)
    if not found:
        raise ConfigError(
            f"{folder}: nothing in it is named after a set of MER-UniBench ({', '.join(SETS)}); "
            "name its folders or files so, or write SET=PATH"
        )


def _file_of(one: BenchmarkSet, path: Path) -> Path:
    """Label file (or folder of them) of a set at a path."""
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file or folder; {how_to_obtain([one.name])[0]}")
    if path.is_file() or any(path.glob("Ses05*.txt")):
        return path
    tables = (*one.files, f"{one.name}.csv")
    for name in sorted(tables, key=lambda name: name.endswith(".npz")):
        if (path / name).exists():
            return path / name
    raise ConfigError(f"{path}: has none of {', '.join(tables)}; {how_to_obtain([one.name])[0]}")


def _notes(counts: dict[str, int]) -> list[str]:
    notes = [
        f"{SETS[name].title}: {number} clips, the benchmark has {SETS[name].n_clips}; scores do not compare with "
        "published ones"
        for name, number in counts.items()
        if number != SETS[name].n_clips
    ]
    missing = [name for name in SETS if name not in counts]
    if missing:
        notes.append(
            f"{len(missing)} of the nine sets are missing. To obtain them: {'; '.join(how_to_obtain(missing))}"
        )
    return notes
