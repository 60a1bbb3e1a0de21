"""A folder for PYTHONPATH: what child processes run at their start."""
