"""The model that is adapted, its adapter, and the two made one."""
