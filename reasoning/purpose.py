"""Why emotions are being inferred: a declared purpose, refused where the law forbids the inference.

The EU AI Act, Art. 5(1)(f), prohibits inferring emotions from biometric data (face, voice) at work and in education,
except for medical or safety reasons; Art. 50(3) requires that the people exposed are informed.
"""

import os
from typing import Final

from ..errors import PurposeError
from ..records.notice import NOTICE

__all__ = ["ACCEPTED", "NOTICE", "REFUSED", "UNDECLARED", "declared_purpose"]

#: Accepted purposes and what each covers.
ACCEPTED: Final[dict[str, str]] = {
    "research": "scientific study with the participants' consent",
    "media": "film, television, archives: what a published work shows",
    "personal": "your own recordings, for yourself",
    "accessibility": "helping a person to read what others express",
    "medical": "care and therapy (an exception the law names)",
    "safety": "protection from harm (an exception the law names)",
}

#: Refused purposes and what each covers.
REFUSED: Final[dict[str, str]] = {
    "workplace": "at work: hiring, monitoring or rating staff",
    "education": "in education: admission, monitoring or rating learners",
}

#: Said once when no purpose is declared.
UNDECLARED: Final = (
    f"no purpose declared; say what this is for with --purpose ({', '.join(ACCEPTED)}) or EMOREASON_PURPOSE"
)


def declared_purpose(purpose: str | None = None) -> str | None:
    """Check the declared purpose.

    Parameters
    ----------
    purpose : str, optional
        As the user declared it; by default the environment variable ``EMOREASON_PURPOSE``.

    Returns
    -------
    str or None
        The accepted purpose; None when none is declared.

    Raises
    ------
    PurposeError
        The purpose is refused, or is not one of :data:`ACCEPTED`.

    Examples
    --------
    >>> declared_purpose("research")
    'research'
    >>> declared_purpose("workplace")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoreason.errors.PurposeError: purpose 'workplace' is refused (at work: hiring, monitoring or rating staff): ...
    """
    given = os.environ.get("EMOREASON_PURPOSE", "") if purpose is None else purpose
    name = given.strip().lower()
    if not name and purpose is None:
        return None
    if name in REFUSED:
        raise PurposeError(
            f"purpose {name!r} is refused ({REFUSED[name]}): the EU AI Act, Art. 5(1)(f), prohibits inferring emotions "
            "from biometric data there; only medical and safety reasons are excepted"
        )
    if name not in ACCEPTED:
        raise PurposeError(f"unknown purpose {given!r}; expected one of {', '.join(ACCEPTED)}")
    return name
