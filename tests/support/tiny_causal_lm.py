"""A causal language model small enough to train in a test: random weights, a tokenizer trained on the spot."""

from pathlib import Path

#: Each word is one token, whole answers too: even random weights write something that a reward can tell apart.
ANSWERS = [f"<think>she_looks_{word}_to_me</think><answer>{word}</answer>" for word in ("happy", "sad", "angry")]
VOCABULARY = " ".join(["what", "she", "feels", "?", "user:", "assistant:", *ANSWERS])
UNKNOWN, PADDING, END = "<unk>", "<pad>", "<eos>"
CHAT = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def save_tiny_causal_lm(folder: Path) -> Path:
    """Write a two-layer GPT-NeoX (about 20 thousand weights) and a tokenizer of a dozen words; return the folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.train_from_iterator([VOCABULARY], trainers.WordLevelTrainer(special_tokens=[UNKNOWN, PADDING, END]))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token=UNKNOWN, pad_token=PADDING, eos_token=END, padding_side="left"
    )
    tokenizer.chat_template = CHAT
    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    GPTNeoXForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
