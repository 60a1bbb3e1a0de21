"""What a run takes and what this machine has: sizes, memory, TRL's configuration, and what is refused."""
