"""Drafts and their checks: writers are given orders as they have room, and what fails the checks is sent back.

One stream of orders goes to the writer for all clips. What is to be written again stands in front of what is new, so
that a clip is done soon and few are under way; nothing ever waits for an answer, whichever thread the writer reads its
orders in, and however many it takes at a time.
"""

import threading
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from ..errors import ConfigError, EmoreasonError, UpstreamError
from ..reasoning.batch.outputs import StorageError
from .check import check_draft, failed, feedback
from .checked import Checked, Fault
from .checks.limits import Limits
from .draft import Draft, Manner, Writer
from .labelled import LabelledClip
from .manners import seed_of

K = TypeVar("K", bound=Hashable)
_NO_FAULT: Final = (Fault(reason=""),)
Order = tuple[LabelledClip, int, Manner, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Drafted(Generic[K]):
    """A clip all of whose drafts are checked.

    Attributes
    ----------
    key
        As it was given.
    clip : LabelledClip
    checked : tuple of Checked
        Every draft in the order of its number, and the tries of each in order (``Draft.retries``).
    error : EmoreasonError or None
        Why the writer failed, where it failed for every draft.
    """

    key: K
    clip: LabelledClip
    checked: tuple[Checked, ...]
    error: EmoreasonError | None = None


def draft_each(
    clips: Iterable[tuple[K, LabelledClip, tuple[Manner, ...]]],
    writer: Writer,
    limits: Limits,
    *,
    retries: int = 0,
) -> Iterator[Drafted[K]]:
    """Have the drafts of many clips written and checked.

    Parameters
    ----------
    clips : iterable of (key, LabelledClip, manners)
        Read as there is room; ids are unique. The manners are those of its drafts, numbered from 0.
    writer : Writer
    limits : Limits
        Of the checks.
    retries : int
        How often a draft is sent back with what was wrong, where there is anything that its writer may be told.

    Yields
    ------
    Drafted
        In the order in which they are done.

    Raises
    ------
    ConfigError
        The writer cannot be used at all.
    UpstreamError
        The writer gave no answer to some orders, and no error either.
    """
    yield from _Drafting(clips, writer, limits, retries).run()


@dataclass(slots=True)
class _UnderWay(Generic[K]):
    """A clip some of whose drafts are not there yet."""

    key: K
    clip: LabelledClip
    manners: tuple[Manner, ...]
    waiting: set[int]
    tries: dict[int, list[Checked]] = field(default_factory=dict)
    errors: list[EmoreasonError] = field(default_factory=list)

    def drafted(self) -> Drafted[K]:
        checked = tuple(one for number in sorted(self.tries) for one in self.tries[number])
        hopeless = all(fault.reason == "engine" for one in checked for fault in one.faults or _NO_FAULT)
        return Drafted(self.key, self.clip, checked, self.errors[-1] if hopeless else None)


class _Drafting(Generic[K]):
    def __init__(
        self,
        clips: Iterable[tuple[K, LabelledClip, tuple[Manner, ...]]],
        writer: Writer,
        limits: Limits,
        retries: int,
    ) -> None:
        self._clips = iter(clips)
        self._writer, self._limits, self._retries = writer, limits, retries
        self._orders: deque[Order] = deque()
        self._under_way: dict[str, _UnderWay[K]] = {}
        self._lock = threading.Lock()
        self._read = False

    def run(self) -> Iterator[Drafted[K]]:
        while True:
            before = len(self._orders)
            given = False
            for clip, number, draft in self._writer.write_each(self._next_orders()):
                given = True
                if (done := self._take(clip, number, draft)) is not None:
                    yield done
            if self._read and not self._orders:
                break
            if not given and len(self._orders) >= before:
                raise UpstreamError(f"the writer {self._writer.name} takes no orders")
        if self._under_way:
            name = next(iter(self._under_way))
            raise UpstreamError(f"the writer {self._writer.name} gave no answer to some orders, first that of {name!r}")

    def _next_orders(self) -> Iterator[Order]:
        """Yield what is to be written, perhaps in a thread of the writer."""
        while True:
            with self._lock:
                if not self._orders and not self._read:
                    self._enter()
                if not self._orders:
                    return
                order = self._orders.popleft()
            yield order

    def _enter(self) -> None:
        """Take up the next clip."""
        for key, clip, manners in self._clips:
            self._under_way[clip.id] = _UnderWay(key, clip, manners, set(range(len(manners))))
            self._orders.extend((clip, number, manner, ()) for number, manner in enumerate(manners))
            return
        self._read = True

    def _take(self, clip: LabelledClip, number: int, draft: Draft | EmoreasonError) -> Drafted[K] | None:
        """Check a draft; return its clip when that was the last."""
        if isinstance(draft, ConfigError | StorageError):
            raise draft
        with self._lock:
            place = self._under_way.get(clip.id)
            if place is None or number not in place.waiting:  # the writer answered twice
                return None
        tries = place.tries.setdefault(number, [])
        checked = self._checked(place, number, draft, len(tries))
        tries.append(checked)
        if isinstance(draft, EmoreasonError):
            place.errors.append(draft)
        with self._lock:
            if (again := self._again(place, number, checked)) is not None:
                self._orders.appendleft(again)
                return None
            place.waiting.discard(number)
            if place.waiting:
                return None
            del self._under_way[clip.id]
        return place.drafted()

    def _checked(self, place: _UnderWay[K], number: int, draft: Draft | EmoreasonError, tries: int) -> Checked:
        if isinstance(draft, EmoreasonError):
            ordered = Draft(number=number, text="", manner=place.manners[number], writer=self._writer.name)
            return failed(replace(ordered, retries=tries), draft)
        draft = replace(draft, number=number, retries=tries)
        return check_draft(place.clip, draft, self._limits)

    def _again(self, place: _UnderWay[K], number: int, checked: Checked) -> Order | None:
        """Order to write a draft once more, unless it is good, or there is nothing to say about it."""
        tries = len(place.tries[number])
        if checked.passed or tries > self._retries or not (told := feedback(checked)):
            return None
        manner = place.manners[number]
        # Another seed: a model that is asked the same says the same.
        return place.clip, number, replace(manner, seed=seed_of(manner.seed, tries)), told
