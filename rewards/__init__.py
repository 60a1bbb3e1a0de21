"""Rewards: completion x reference -> named scores, for training, evaluation and served answers alike."""
