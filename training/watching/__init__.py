"""What a run tells while it goes on: log, samples, events, and when it stops early."""
