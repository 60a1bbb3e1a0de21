"""Evaluation: predictions x references -> figures with their uncertainty."""
