"""Rewards: completion x reference -> named scores, for training, evaluation and served answers alike.

Where to look:

- what they see: :mod:`.completion` (what was written), ``records.Reference`` (what is known), :mod:`.reward` (the rules
  every reward keeps, their names);
- the answer: :mod:`.format`, :mod:`.wheel`, :mod:`.label`, :mod:`.distribution`, :mod:`.valence_arousal`;
- the reasoning: :mod:`.grounding`, :mod:`.action_units`, :mod:`.cue_match`, :mod:`.consistency`, :mod:`.tree`,
  :mod:`.length`, :mod:`.judge`;
- together: :mod:`.blend`; what it really pays for: :mod:`.lint`; in a trainer: :mod:`.adapters`;
- the words of emotion: :mod:`.labels` (label fields), :mod:`.synonyms`, :mod:`.classes` (class and family of a word),
  :mod:`.denied_names` (what a sentence denies).
"""
