"""The world, the model, the runs and the tables of ``bench/learn.py``."""
