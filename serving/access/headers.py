"""Headers of a request, read in one way by everybody here.

What stands twice is read differently by different readers, the first by one and the last by another: a body would be
let in as one kind and read as another.
"""

from collections.abc import Iterable
from typing import Final

from ..refusals import ApiError

_ONCE: Final = frozenset((
    b"authorization", b"content-encoding", b"content-length", b"content-type", b"host", b"origin", b"transfer-encoding",
))  # fmt: skip


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return them by name.

    Parameters
    ----------
    pairs : iterable of pairs
        Names in lower case, and values, as ASGI has them.

    Raises
    ------
    ApiError
        400: one that decides how the request is read stands in it twice.

    Examples
    --------
    >>> read_headers([(b"host", b"localhost"), (b"accept", b"a"), (b"accept", b"b")])[b"accept"]
    b'b'
    >>> read_headers([(b"content-type", b"application/json"), (b"content-type", b"multipart/form-data")])
    Traceback (most recent call last):
    ...
    emoreason.serving.refusals.ApiError: the header content-type stands in the request twice; send it once
    """
    read: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in _ONCE and name in read:
            raise ApiError(400, f"the header {name.decode()} stands in the request twice; send it once")
        read[name] = value
    return read
