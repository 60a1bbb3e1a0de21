"""Language models that grade: their questions, their verdicts, and how far they agree with people."""
