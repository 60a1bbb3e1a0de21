"""judge: grades by a language model behind any OpenAI-compatible address.

Three grades from 1 to 5, after CA-EMER (steps graded 1-5 for what they contribute to the predicted emotion, the lower
grade when two fit) and MME-Emotion (a model grades the reasoning's steps): *grounding* in the clip's cues, *relevance*
to the answer, *coherence*. The value is their mean, scaled to 0-1.

A judge that fails must not look like a bad completion: whatever goes wrong between here and the verdict gives None,
never 0. Verdicts are kept on disk by model, prompt and case, so a repeated run asks nothing. What was written and what
was said in the clip go to the judge as quoted data; a reasoning that speaks to its grader scores 0 unasked.
"""

from .grading import Judge

__all__ = ["Judge"]
