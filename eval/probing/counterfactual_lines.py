"""Lines of counterfactual pairs: a clip, the same with one cue changed, and what should become of the answer.

One form for the probe that asks about them (:mod:`.counterfactuals`) and for what makes them
(:mod:`emoreason.data_synth.counterfactuals`): a JSON object a line with ``id, clip, cue, change, expected: {up, down},
cueset, changed``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import json_lines
from ...records import CueSet
from ...records.convert import from_json, to_json
from ...records.labels import EMOTIONS
from .whole_file import whole_file

#: ``removed``: there before, absent after. ``fainter``: an action unit at a trace. ``opposite``: a level or a direction
#: turned round. ``control``: removed, while it speaks for no emotion.
Change = Literal["removed", "fainter", "opposite", "control"]

CHANGES: Final[tuple[Change, ...]] = get_args(Change)
_KEYS: Final = ("id", "clip", "cue", "change", "expected", "cueset", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A clip, and the same with one cue changed.

    Attributes
    ----------
    id : str
    clip : str
        Id of the clip.
    cue : str
        Id of the cue that differs.
    change : Change
    up, down : tuple of str
        Classes that should become more, and less, probable; none in a ``control``.
    cueset, changed : CueSet
        Before and after.
    """

    id: str
    clip: str
    cue: str
    change: Change
    up: tuple[str, ...]
    down: tuple[str, ...]
    cueset: CueSet
    changed: CueSet

    @property
    def code(self) -> str:
        """Code of the cue that differs."""
        return next(cue.code for cue in self.cueset.cues if cue.id == self.cue)


def read_counterfactuals(path: str | Path) -> list[Counterfactual]:
    """Read pairs, in their order; a file of stimuli is used whole or not at all.

    Raises
    ------
    ConfigError
        It cannot be read, or one of its lines is no pair: the first such line is named.
    """
    found: dict[str, Counterfactual] = {}
    for place, line in json_lines(Path(path)):
        try:
            if isinstance(line, RecordError):
                raise line
            pair = _pair(line)
            if pair.id in found:
                raise RecordError(f"the id {pair.id[:80]!r} is there twice")
        except RecordError as error:
            raise ConfigError(f"{Path(path).parent / place}: {error}") from error
        found[pair.id] = pair
    if not found:
        raise ConfigError(f"{path}: holds no pair; expected lines with {', '.join(_KEYS)}")
    return list(found.values())


def requests_for(path: str | Path | None) -> int:
    """Most requests about the pairs of a file: each changed clip, and each clip as it is, once."""
    if path is None:
        return 0
    pairs = read_counterfactuals(path)
    return len(pairs) + len({pair.clip for pair in pairs})


def write_counterfactuals(pairs: Iterable[Counterfactual], path: Path) -> int:
    """Write one JSON object a line, all or none; how many.

    Raises
    ------
    RecordError
        It cannot be written.
    """
    number = 0
    with whole_file(path) as file:
        for pair in pairs:
            file.write(json.dumps(_json(pair), ensure_ascii=False, allow_nan=False) + "\n")
            number += 1
    return number


def _json(pair: Counterfactual) -> dict[str, Any]:
    return {
        "id": pair.id,
        "clip": pair.clip,
        "cue": pair.cue,
        "change": pair.change,
        "expected": {"up": list(pair.up), "down": list(pair.down)},
        "cueset": to_json(pair.cueset),
        "changed": to_json(pair.changed),
    }


def _pair(line: Mapping[str, Any]) -> Counterfactual:
    if missing := [key for key in _KEYS if not line.get(key)]:
        raise RecordError(f"says no {missing[0]}; expected {', '.join(_KEYS)}")
    change = line["change"]
    if change not in CHANGES:
        raise RecordError(f"change is {change!r:.40}; expected one of {', '.join(CHANGES)}")
    up, down = _expected(line["expected"])
    if bool(up or down) == (change == "control"):
        what = "a control expects nothing" if change == "control" else f"{change} expects a class up or down"
        raise RecordError(f"expected is up {list(up)}, down {list(down)}; {what}")
    cueset, changed = (from_json(line[key], CueSet) for key in ("cueset", "changed"))
    if other := next((one.clip.id for one in (cueset, changed) if one.clip.id != line["clip"]), None):
        raise RecordError(f"is about clip {line['clip']!r:.80} and holds cues of {other!r:.80}; expected the same clip")
    cue = str(line["cue"])
    _check_one_differs(cue, cueset, changed)
    return Counterfactual(
        id=str(line["id"]),
        clip=str(line["clip"]),
        cue=cue,
        change=cast("Change", change),
        up=up,
        down=down,
        cueset=cueset,
        changed=changed,
    )


def _expected(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Classes up and down."""
    given = value if isinstance(value, Mapping) else {}
    up, down = given.get("up"), given.get("down")
    if not (isinstance(up, list) and isinstance(down, list)):
        raise RecordError(f"expected is {value!r:.60}; expected an object with the lists up and down")
    for name in (*up, *down):
        if name not in EMOTIONS:
            raise RecordError(f"expected names {name!r:.40}; expected classes of {', '.join(EMOTIONS)}")
    if both := sorted(set(up) & set(down)):
        raise RecordError(f"expected has {both[0]!r} both up and down")
    return tuple(up), tuple(down)


def _check_one_differs(cue: str, cueset: CueSet, changed: CueSet) -> None:
    before, after = ({one.id: one for one in each.cues} for each in (cueset, changed))
    if cue not in before:
        raise RecordError(f"cue is {cue[:60]!r}, which the clip does not have")
    others = [name for name in {**before, **after} if name != cue and before.get(name) != after.get(name)]
    if others:
        raise RecordError(
            f"the two clips differ in {others[0][:60]!r} as well; expected one cue changed ({cue[:60]!r})"
        )
    if before[cue] == after.get(cue):
        raise RecordError(f"the two clips have the same {cue[:60]!r}; expected it changed")
