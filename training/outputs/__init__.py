"""What a run leaves behind: the folder, its evaluation, model card and report."""
