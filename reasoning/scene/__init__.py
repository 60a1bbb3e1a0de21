"""Scene cues by a vision model: what the keyframes show, in short sentences without emotion words.

Each keyframe goes to the model with the prompt ``describe_scene``; of the reply five cues come, one for each of people,
posture, gesture, place and objects. All are of the modality ``scene``: they are sentences about a picture. A cue of the
modality ``body`` would count as a measured movement of one tracked person (:mod:`emoreason.rewards.grounding` takes its
mere presence for proof), and neither is the case. They hold for the keyframe's moment alone.

What the model writes is untrusted: it has seen whatever stands on signs and in subtitles of the clip. Its sentences are
cut, neutralised and counted; those that name an emotion or a state of mind are left out, as they would be a label in
the place of an observation. Nothing here fails a clip: what could not be described is a gap with its reason.
"""

from .describing import Described, SceneCache, describe, describe_scene

__all__ = ["Described", "SceneCache", "describe", "describe_scene"]
