"""What TRL's trainers miss in the thinker of an Omni model: a part that ends in hidden states.

They take the loss from the hidden states of ``model.base_model``. An Omni thinker merges pictures and sound into the
text in the same ``forward`` that computes the logits, so its ``base_model`` is the model itself, whose output has no
``last_hidden_state``. Text and pictures then fail in SFT and in GRPO. Here the thinker gets a base model that runs its
own ``forward`` and gives back what the language model in it put out; nothing of the model or of TRL is replaced. The
logits of that pass are computed and thrown away: they cost a batch times its tokens times the vocabulary in memory.
"""

from types import SimpleNamespace
from typing import Any

from ...reasoning.engines.pretrained import THINKERS


def give_backbone(model: Any) -> None:
    """Let ``model.base_model`` of an Omni thinker return hidden states; leave every other model alone."""
    if type(model).__name__ in THINKERS.values() and model.base_model is model:
        # No module, so that neither parameters nor names of the model change.
        object.__setattr__(model, model.base_model_prefix, _Backbone(model))


class _Backbone:
    """What ``base_model`` gives then; transformers asks it for the plans of parallel layers as well."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._tp_plan = getattr(model, "_tp_plan", None)
        self._pp_plan = getattr(model, "_pp_plan", None)

    @property
    def get_image_features(self) -> Any:
        """Encoder that ``generate`` runs before the first token: it looks for it here, and drops the pixels then."""
        return self._model.get_image_features

    @property
    def get_video_features(self) -> Any:
        """The same for video."""
        return self._model.get_video_features

    def __call__(self, *args: Any, **kwargs: Any) -> SimpleNamespace:
        """Hidden states of shape (batch, tokens, width) of a whole forward pass."""
        kept: list[Any] = []
        decoder = self._model.get_decoder()
        hook = decoder.register_forward_hook(lambda _module, _given, put_out: kept.append(put_out[0]))
        try:
            type(self._model).forward(self._model, *args, **kwargs)
        finally:
            hook.remove()
        return SimpleNamespace(last_hidden_state=kept[-1])
