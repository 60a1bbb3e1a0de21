"""Going through a run: beginning, going on after any end, being interrupted, having ended."""
