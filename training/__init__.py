"""Training: rows -> a LoRA adapter, by TRL's own trainers.

Nothing here is a trainer: rows become prompts, columns, rewards and configuration objects, and TRL, PEFT and accelerate
do the rest (``docs/training.md``).
"""
