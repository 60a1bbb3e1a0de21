"""Training rows -> what a trainer gets: prompts, pictures, targets, columns."""
