"""The rewards as the trainers call them: TRL, ms-swift, EasyR1, verifiers."""
