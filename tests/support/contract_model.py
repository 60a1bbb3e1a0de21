"""A text model that has learnt the output contract: small enough to train in a test, and right about what it reads.

Random weights show that texts and tensors arrive. Whether answers are read, enforced, voted on and written to files is
shown with a model that writes real ones: it reads the package's own prompts, thinks with citations and answers in JSON.
It knows clips such as :func:`clips` draws: one person, some action units of one prototypical face, other cues that say
nothing, cues that were looked for and are not there. It knows nothing else, and no other prompt.

    folder = contract_model()                      # trained on the first call, then taken from the user's cache
    engine = load_engine("transformers", model=str(folder))
    for clip in clips(100, seed=1): ...            # ``clip.emotion`` is the right answer

How a minute on one core is enough: the words of the system message are one token, an id is one token, and what answers
have in common is a few. Prompt and reply are then about eighty tokens.
"""

import fcntl
import hashlib
import json
import math
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs
from tiny_checkpoints import SPECIAL, THINK

from emoreason.prompts.contract import write_answer
from emoreason.prompts.render import render_messages
from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.records.labels import EMOTIONS
from emoreason.torch_imports import import_heavy

#: Emotion -> its action units, the word for it, valence, arousal. No unit belongs to two.
FACES: Final[dict[str, tuple[tuple[str, ...], str, float, float]]] = {
    "happiness": (("AU6", "AU12"), "happy", 0.8, 0.5),
    "sadness": (("AU1", "AU15"), "sad", -0.6, -0.4),
    "anger": (("AU4", "AU23"), "angry", -0.7, 0.6),
    "fear": (("AU5", "AU20"), "afraid", -0.6, 0.7),
    "surprise": (("AU2", "AU26"), "surprised", 0.1, 0.8),
    "disgust": (("AU9", "AU10"), "disgusted", -0.7, 0.2),
    "neutral": ((), "calm", 0.0, -0.2),
}
NOTHING: Final = "there is nothing to go by"
VOCABULARY: Final = 1_400
CONTEXT: Final = 8_192
SEED: Final = 7

CHAT: Final = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
# What stays whole or apart: ids, action units, numbers but for probabilities, and line breaks beside a special token,
# so that a reply is read in the tokens in which it was written, also where it was opened or cut.
_APART: Final = r"\A\n|\n\z|[A-Za-z]\w*\.\w+\.\d+|AU\d+|(?<![\w.])(?<!y\": )\d+(?:\.\d+)?"

_LEVELS: Final = ("slightly", "moderately", "strongly")
_SAYS_NOTHING: Final = ("AU45", "AU25", "AU14")
_WORDS: Final = ("Oh! You came.", "I do not know.", "Give it to me.", "Where is it?", "Well then.")


@dataclass(frozen=True, slots=True)
class DrawnClip:
    """A clip, its right emotion (None: there is nothing to go by) and the answer to learn."""

    cueset: CueSet
    emotion: str | None
    answer: str


def clips(number: int, seed: int, *, torn: float = 0.0) -> Iterator[DrawnClip]:
    """Draw clips. ``torn`` is the share whose cues speak for two emotions alike (the answer names one by chance)."""
    draw = random.Random(f"clips {seed}")
    for index in range(number):
        yield _clip(draw, f"clip-{seed}-{index}", torn)


def _clip(draw: random.Random, name: str, torn: float) -> DrawnClip:
    duration = draw.randint(20, 60) / 10
    timed = draw.random() < 0.4
    emotion: str | None = draw.choice(EMOTIONS)
    units: list[str] = []
    if emotion is not None and FACES[emotion][0]:
        units = draw.sample(FACES[emotion][0], draw.choice((1, 2, 2)))
        if draw.random() < torn:
            second = draw.choice([one for one in EMOTIONS if one not in (emotion, "neutral")])
            units = [units[0], draw.choice(FACES[second][0])]
            emotion = draw.choice((emotion, second))
    idle = draw.sample(_SAYS_NOTHING, draw.randint(0, 2))
    codes = units + idle
    draw.shuffle(codes)
    cues = [_action(draw, code, duration if timed else None) for code in codes]
    others = [unit for face in FACES.values() for unit in face[0] if unit not in units]
    gone = [
        Cue(id=f"face1.{code}.1", modality="face", code=code, state="absent", subject="face1")
        for code in draw.sample(others, draw.randint(0, 2))
    ]
    cues += _voice(draw, duration)
    cueset = CueSet(
        clip=Clip(id=name, duration_s=duration, has_video=True, has_audio=bool(draw.randint(0, 1))),
        cues=(*cues, *gone),
        gaps=(Gap(modality="gaze", reason="occluded", subject="face1"),) if draw.random() < 0.2 else (),
    )
    if not cues:
        emotion = None
    return DrawnClip(cueset, emotion, _answer(cues, units, emotion))


def _action(draw: random.Random, code: str, duration: float | None) -> Cue:
    start = None if duration is None else draw.randint(0, int(duration * 10) - 8) / 10
    end = None if start is None else round(start + draw.randint(4, 8) / 10, 1)
    level = None if code == "AU45" else draw.choice(_LEVELS)
    return Cue(
        id=f"face1.{code}.1", modality="face", code=code, level=level, start_s=start, end_s=end,
        subject="face1",
    )  # fmt: skip


def _voice(draw: random.Random, duration: float) -> list[Cue]:
    found = []
    if draw.random() < 0.3:
        found.append(
            Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean", value=float(draw.randint(9, 25) * 10),
                unit="Hz", level=draw.choice(("low", "high")), start_s=0.0, end_s=duration)
        )  # fmt: skip
    if draw.random() < 0.3:
        found.append(
            Cue(id="speech.utterance.1", modality="speech", code="utterance", text=draw.choice(_WORDS), start_s=0.0,
                end_s=duration)
        )  # fmt: skip
    return found


def _answer(cues: Sequence[Cue], units: Sequence[str], emotion: str | None) -> str:
    """The reply to learn: every observation is cited, the label rests on the units that speak for it."""
    told = [f"- There is {cue.code} [{cue.id}]." for cue in cues] or ["- There is nothing."]
    if emotion is None:
        think = "\n".join(("Observations:", *told, "Conclusion:", f"- I cannot tell: {NOTHING}."))
        return write_answer(think, _object([], dict.fromkeys(EMOTIONS, 0.14), 0.0, 0.0, [], NOTHING))
    mine, word, valence, arousal = FACES[emotion]
    support = [cue for cue in cues if cue.code in mine] or list(cues[:1])
    ids = [cue.id for cue in support]
    think = "\n".join(
        (
            *("Observations:", *told),
            *("Interpretation:", f"- This speaks for {emotion} [{', '.join(ids)}]."),
            *("Conclusion:", f"- The person expresses {emotion}."),
        )
    )
    shares = {one: 0.7 if one == emotion else 0.05 for one in EMOTIONS}
    codes = [cue.code for cue in support if cue.code.startswith("AU")]
    return write_answer(think, _object([{"label": word, "cues": ids}], shares, valence, arousal, codes, None))


def _object(
    labels: list[Any], shares: dict[str, float], valence: float, arousal: float, units: list[str], reason: str | None
) -> dict[str, Any]:
    return {
        "labels": labels,
        "emotions": [{"label": label, "probability": share} for label, share in shares.items()],
        "valence": valence,
        "arousal": arousal,
        "action_units": units,
        "alternatives": [],
        "abstained": reason is not None,
        "abstain_reason": reason,
    }


def contract_model(*, steps: int = 450, batch: int = 16) -> Path:
    """Folder of the trained model; trained if no run before it did so with the same code and prompts."""
    torch, transformers = import_heavy("torch"), import_heavy("transformers")
    what = [Path(__file__).read_bytes().decode(), steps, batch, torch.__version__, transformers.__version__]
    what += [_system(), [_user(clip) + clip.answer for clip in clips(100, 0, torn=0.1)]]
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    cache = Path(platformdirs.user_cache_dir("emoreason-tests")) / "contract-model"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / digest
    with (cache / "lock").open("w") as lock:  # several test processes may want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half_made = cache / f"making-{os.getpid()}"
            shutil.rmtree(half_made, ignore_errors=True)
            train(half_made, steps=steps, batch=batch)
            half_made.rename(folder)
    return folder


def train(folder: Path, *, steps: int, batch: int) -> list[float]:
    """Train and save; return the loss of each step. The same call gives the same weights on the same machine."""
    torch = import_heavy("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            tokenizer = _tokenizer()
            model = _model(tokenizer).train()
            examples = [_example(tokenizer, clip) for clip in clips(steps * batch, 0, torn=0.1)]
            losses = _optimise(model, _batches(examples, batch), steps)
    finally:
        torch.set_num_threads(threads)
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return losses


def _system() -> str:
    return str(render_messages(CueSet(clip=Clip(id="none"))).messages[0]["content"])


def _user(clip: DrawnClip) -> str:
    return str(render_messages(clip.cueset).messages[1]["content"])


def _tokenizer() -> Any:
    tokenizers, transformers = import_heavy("tokenizers"), import_heavy("transformers")
    pre = tokenizers.pre_tokenizers
    raw = tokenizers.Tokenizer(tokenizers.models.BPE())
    raw.pre_tokenizer = pre.Sequence(
        [pre.Split(tokenizers.Regex(_APART), "isolated"), pre.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    raw.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL) - len(THINK) - 1,
        initial_alphabet=pre.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = ["system", "user", "assistant"] * 100
    texts += [text for clip in clips(1_500, 1, torn=0.1) for text in (_user(clip), clip.answer)]
    raw.train_from_iterator([part for text in texts for part in text.split("<think>")[-1].split("</think>")], trainer)
    raw.add_special_tokens([tokenizers.AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    apart = [*THINK, _system()]
    raw.add_tokens([tokenizers.AddedToken(token, special=False, normalized=False) for token in apart])
    roles = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=CONTEXT, **roles)
    tokenizer.chat_template = CHAT
    return tokenizer


def _model(tokenizer: Any) -> Any:
    transformers = import_heavy("transformers")
    config = transformers.Qwen3Config(
        vocab_size=math.ceil(len(tokenizer) / 64) * 64,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = transformers.Qwen3ForCausalLM(config)
    model.generation_config.do_sample = False
    return model


def _example(tokenizer: Any, clip: DrawnClip) -> tuple[list[int], list[int]]:
    """Token ids of the prompt and of the reply."""
    messages = list(render_messages(clip.cueset).messages)
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return tuple(tokenizer(text, add_special_tokens=False).input_ids for text in (prompt, f"{clip.answer}<|im_end|>"))


def _batches(examples: list[Any], batch: int) -> list[list[Any]]:
    """Examples of similar length together, out of a few batches at a time: every kind is met all along."""
    pool = 8 * batch
    ordered = [
        one
        for at in range(0, len(examples), pool)
        for one in sorted(examples[at : at + pool], key=lambda one: len(one[0]) + len(one[1]))
    ]
    return [ordered[at : at + batch] for at in range(0, len(ordered), batch)]


def _optimise(model: Any, batches: list[list[Any]], steps: int) -> list[float]:
    torch = import_heavy("torch")
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
    )
    losses = []
    for examples in batches[:steps]:
        ids, labels = _tensors(examples)
        hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]  # right padding: nothing that counts comes after
        counts = labels[:, 1:] != -100
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[counts]), labels[:, 1:][counts])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses


def _tensors(examples: list[Any]) -> tuple[Any, Any]:
    torch = import_heavy("torch")
    longest = max(len(prompt) + len(reply) for prompt, reply in examples)
    ids = torch.zeros((len(examples), longest), dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for row, (prompt, reply) in enumerate(examples):
        end = len(prompt) + len(reply)
        ids[row, :end] = torch.tensor(prompt + reply)
        labels[row, len(prompt) : end] = torch.tensor(reply)
    return ids, labels
