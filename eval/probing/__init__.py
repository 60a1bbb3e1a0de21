"""Probing: change what an engine is given, ask again, and measure what becomes of its answer.

``asking`` asks and remembers, ``variants`` changes cues, ``answers`` compares two answers, ``trial`` is what a probe
works on, ``result`` what it gives. The probes are files of their own; ``eval/probes.py`` lists them.
"""
