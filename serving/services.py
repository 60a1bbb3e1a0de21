"""What the routes of one server share."""

from dataclasses import dataclass

from .batches.desk import BatchDesk
from .media.clips import ClipReader
from .seeing.desk import CueDesk
from .settings import ServeSettings
from .upstreams.base import Upstream
from .upstreams.evidence import EvidenceUpstream
from .watching.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One server's parts, made by ``app.py`` when it starts and closed when it ends (``request.app.state.services``).

    Attributes
    ----------
    settings : ServeSettings
    upstream : Upstream
        What answers.
    evidence : EvidenceUpstream
        The engine ``evidence``, which every server has beside its model, or which is what answers.
    clips : ClipReader
        Media of requests -> files of their own, guarded.
    cues : CueDesk
        Files -> cues, bounded and cached.
    batches : BatchDesk
        Files of requests, worked on exactly once.
    metrics : Metrics
        Counters and timings.
    """

    settings: ServeSettings
    upstream: Upstream
    evidence: EvidenceUpstream
    clips: ClipReader
    cues: CueDesk
    batches: BatchDesk
    metrics: Metrics
