"""What a batch refuses before it begins, and the scores it gives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError
from .extraction import MediaOptions, check_extractors, holds_several
from .rewards import presets

if TYPE_CHECKING:
    from ..reasoning.batch.plan import Plan, Scorer
    from ..reasoning.batch.row import Row
    from ..records import CueSet, Reference, Score
    from ..rewards.reward import BatchReward, Reward


def refuse_single(media: MediaOptions) -> None:
    """Refuse options that are about one clip.

    Raises
    ------
    ConfigError
        Names the option and what to do instead.
    """
    check_extractors(media.extractor)
    if media.transcript is not None:
        raise ConfigError(
            f"--transcript {media.transcript} is for one clip; give the manifest a column transcript, or put a .srt, "
            ".vtt or .txt file of the same name beside each clip"
        )
    for option, name in (("--face-csv", media.face_csv), ("--voice-csv", media.voice_csv)):
        if name is None:
            continue
        if not Path(name).exists():
            raise ConfigError(f"{option} {name}: there is no such file or folder")
        if not Path(name).is_dir() and not (option == "--voice-csv" and holds_several(name)):
            raise ConfigError(
                f"{option} {name} is for one clip; name a folder with a table of the same name as each clip"
            )


def extractors_of(media: MediaOptions) -> tuple[str, ...]:
    """Extractors that were named, or all."""
    from ..cues.running import EXTRACTORS

    return media.extractor or tuple(EXTRACTORS)


def with_imported(plan: "Plan") -> Sequence[str]:
    """Extractors that will really run: tables of other tools take the place of some."""
    from ..cues.running import with_imports

    return with_imports(plan.extractors, plan.settings)


def checked_tables(rows: "Iterable[Row]", media: MediaOptions) -> "Iterator[Row]":
    """Pass rows on; where clips take tables by their name, refuse two of the same name in different folders."""
    if media.face_csv is None and media.voice_csv is None:
        yield from rows
        return
    first: dict[str, str] = {}
    for row in rows:
        if row.path is not None:
            other = first.setdefault(Path(row.path).stem, row.path)
            if Path(other).parent != Path(row.path).parent:
                raise ConfigError(
                    f"--face-csv and --voice-csv: {other} and {row.path} are called the same, so their tables cannot "
                    "be told apart; run one batch per folder of clips, each with its own tables"
                )
        yield row


def scorers(names: Sequence[str]) -> "dict[str, Scorer]":
    """Scorers of the rewards, or presets of the blend, of those names.

    Raises
    ------
    ConfigError
        There is none of that name, or it cannot be used.
    """
    return {name: _scorer(name) for name in dict.fromkeys(names)}


def _scorer(name: str) -> "Callable[[str, CueSet, Reference | None], Score | None]":
    from dataclasses import replace

    from ..records import Reference
    from ..rewards.blend import blend_named
    from ..rewards.reward import Case, reward_named, score_cases

    reward: Reward | BatchReward = blend_named(name) if name in presets() else reward_named(name)

    def score(text: str, cueset: "CueSet", reference: "Reference | None") -> "Score | None":
        known = reference or Reference()
        if known.cueset is None:  # what the answer could rest on
            known = replace(known, cueset=cueset)
        return score_cases(reward, [Case.of(text, known)], name)[0]

    return score
