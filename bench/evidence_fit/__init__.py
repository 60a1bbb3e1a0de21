"""How the evidence engine's tables are made and measured (``bench/fit_evidence.py`` is the command)."""
