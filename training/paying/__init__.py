"""Rewards as GRPO is paid by them, and what is asked of them before a run."""
