"""Many clips: every input ends up in exactly one output file, whatever ends the run in between."""
