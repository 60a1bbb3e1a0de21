"""emoreason: explain the emotion a clip expresses, with evidence anyone can check."""

__version__ = "0.1.0"
