"""MER-UniBench: nine sets of clips, each with its official score, and their plain mean.

What a set is and how to obtain it stands in :mod:`.sets`; :mod:`.reading` reads official label files by path,
:mod:`.scoring` scores. No label file comes with this package.

Source: AffectGPT (arXiv 2501.16566), zeroQiaoba/AffectGPT.
"""

from .reading import read_label_files
from .scoring import mer_unibench
from .sets import SETS, BenchmarkSet, how_to_obtain, set_named

__all__ = ["SETS", "BenchmarkSet", "how_to_obtain", "mer_unibench", "read_label_files", "set_named"]
