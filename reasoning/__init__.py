"""Reasoning: CueSet -> Explanation, through interchangeable engines."""
