"""The evidence engine's parts: what was seen of each person, what each cue weighs, and how that is written down.

``people`` reads cues into strengths, ``tables`` loads the shipped log-odds, ``score`` adds them up, ``abstain``,
``affect``, ``compound`` and ``open_labels`` draw the conclusions, ``chain`` writes them in the contract's form.
"""
