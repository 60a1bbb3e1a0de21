"""Grounding: whether what a text says about a clip is borne out by the cues that were measured in it.

A text is read as assertions (:mod:`.reading`): one action, measure, utterance or scene fact each, with negation,
intensity, direction, side, person and time. Each is checked against *all* cues of the clip (:mod:`.checking`):

- **supported**: a cue says so, in the state, person, time, side, intensity and direction claimed;
- **contradicted**: a cue says otherwise: it was looked for and is not there, or it is there with another side,
  intensity, direction, person or time;
- **unverifiable**: nothing was measured that could tell. Unknown is not absent.

The rules in full
-----------------
1. The content decides. A cited id is evidence for nothing by itself; a claim that is borne out by other cues than those
   it cites keeps its verdict and is marked *miscited* (it earns nothing). A claim that names a person and cites the cue
   of another person is contradicted.
2. Negation flips supported and contradicted, and leaves unverifiable. "No strong smile" is supported where a slight
   smile was measured.
3. Intensity of action units has five steps (barely … very strongly; from the level word, else from the value: 0-5).
   One step off is supported, two or more contradicted. Measures have five levels from very low to very high: another
   side of normal, or normal against low or high, is contradicted; "high" and "very high" support each other.
   A number in the cue's unit is supported within 10 %, else contradicted.
4. Direction: the opposite, or a movement where the cue says level, is contradicted; "rising" is supported by
   rising-then-falling. A cue without direction cannot confirm one: unverifiable.
5. Side: a cue of the other side contradicts; a cue without a side cannot confirm a one-sided claim: unverifiable.
6. Person: a claim about a named person is checked against that person's cues alone. No cue of this code for that
   person: unverifiable (but see rule 1). A claim that names nobody may be about any person.
7. Time: a span that meets no event of the code (tolerance 0.5 s) is contradicted, unless a gap covers it or the cues
   have no span: unverifiable. Parts of the clip are thirds ("at the beginning") and halves of its duration.
8. Utterances: a quotation is supported when its words stand in the transcript or in a speech cue, contradicted when
   the words of the clip are known and are others, unverifiable when they are not known.
9. Statements about emotions, causes or meaning ("this suggests joy") are interpretation, not assertions: they get no
   verdict. A description that no lexicon knows ("she wears a red coat") is an assertion, and unverifiable unless a
   scene cue's text says so.
"""

from .checking import verdicts
from .scoring import score_grounding
from .verdict import Verdict

__all__ = ["Verdict", "score_grounding", "verdicts"]
