"""Tiers: what ELAN and Praat have in common, apart from how either stores it.

``tier.py`` tiers and their names, ``label.py`` the words on them, ``layout.py`` cues and claims <-> tiers, ``coder.py``
what the tiers of human coders are about.
"""
