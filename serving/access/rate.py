"""How many requests a minute one key, or one address, may make."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic
from typing import Final

from ..refusals import ApiError

#: Callers remembered; who is forgotten begins anew, so this only bounds memory.
_CALLERS: Final = 10_000
#: A request is whole from here on: sums of seconds are rounded, and who waits as told must be let in.
_WHOLE: Final = 1 - 1e-9


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Rate:
    """A bucket of requests for each caller, which fills evenly.

    Parameters
    ----------
    per_minute : int or None
        Requests a minute, and at once; None: no limit.
    clock : callable
        Seconds.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute, self._clock = per_minute, clock
        self._buckets: OrderedDict[object, _Bucket] = OrderedDict()

    def take(self, caller: object) -> dict[str, str]:
        """Count one request; return the headers that say what is left.

        Raises
        ------
        ApiError
            429: nothing is left.

        Examples
        --------
        >>> Rate(2).take("someone")["x-ratelimit-remaining-requests"]
        '1'
        """
        if self._per_minute is None:
            return {}
        now = self._clock()
        bucket = self._buckets.pop(caller, None) or _Bucket(float(self._per_minute), now)
        self._buckets[caller] = bucket  # last, as it was used last
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        per_s = self._per_minute / 60
        bucket.left = min(float(self._per_minute), bucket.left + (now - bucket.at_s) * per_s)
        bucket.at_s = now
        if bucket.left < _WHOLE:
            raise ApiError(
                429,
                f"more than {self._per_minute} requests a minute",
                kind="rate_limit_error",
                code="rate_limit_exceeded",
                retry_after_s=ceil((1 - bucket.left) / per_s),
            )
        bucket.left = max(0.0, bucket.left - 1)
        return {
            "x-ratelimit-limit-requests": str(self._per_minute),
            "x-ratelimit-remaining-requests": str(int(bucket.left)),
            "x-ratelimit-reset-requests": f"{ceil((self._per_minute - bucket.left) / per_s)}s",
        }


def caller_of(address: str) -> str:
    """Say who is behind an address: with IPv6 a whole network of 64 bits, as one caller has as many as it likes.

    Examples
    --------
    >>> caller_of("2001:db8::1") == caller_of("2001:db8::2")
    True
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> 64)
    return str(parsed)
