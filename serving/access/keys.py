"""Keys: who may ask. Compared in constant time, and never kept as they are."""

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Final

from ...errors import ConfigError
from ..refusals import ApiError

_SHORTEST: Final = 8


class Keys:
    """The keys of one server.

    Parameters
    ----------
    keys : sequence of str
        None at all: everyone may ask.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = tuple(sha256(key.encode()).digest() for key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def index(self, authorization: bytes | None) -> int:
        """Return which key (from 0) the value of a header ``Authorization`` holds.

        Raises
        ------
        ApiError
            401: there is none, or it is none of them. As much time is spent on a key that is nearly right as on one
            that is not.

        Examples
        --------
        >>> Keys(("first-key", "second-key")).index(b"Bearer second-key")
        1
        """
        if authorization is None:
            raise _refused("no key was sent; send Authorization: Bearer KEY")
        scheme, _, key = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise _refused("the header Authorization is not understood; send Authorization: Bearer KEY")
        given = sha256(key.strip()).digest()
        found = -1
        for index, digest in enumerate(self._digests):
            if hmac.compare_digest(given, digest):
                found = index
        if found < 0:
            raise _refused("the key is not one of this server's")
        return found


def read_keys(file: Path) -> tuple[str, ...]:
    """Read keys from a file, one on each line; empty lines and lines that begin with # are passed over.

    Raises
    ------
    ConfigError
        It cannot be read, holds no key, or one that cannot be sent in a header.
    """
    try:
        lines = file.expanduser().read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"the key file {file} cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the key file {file} is no text; expected a key on each line") from None
    keys = tuple(key for line in lines if (key := line.strip()) and not key.startswith("#"))
    if not keys:
        raise ConfigError(f"the key file {file} holds no key; expected one on each line")
    return checked_keys(keys, f"the key file {file}")


def checked_keys(keys: tuple[str, ...], place: str) -> tuple[str, ...]:
    """Return keys that a client can send, and nobody guesses at once.

    Raises
    ------
    ConfigError
        One of them is too short, or holds what a header cannot.
    """
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST:
            raise ConfigError(f"key {number} of {place} has {len(key)} characters; expected {_SHORTEST} or more")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError(f"key {number} of {place} holds blanks or other than ASCII characters")
    return keys


def _refused(why: str) -> ApiError:
    return ApiError(401, why, kind="authentication_error", code="invalid_api_key")
