"""Shared by all tests."""

from hypothesis import settings

# No test of ours may fail because the machine is busy; pytest-timeout ends what hangs.
settings.register_profile("emoreason", deadline=None)
settings.load_profile("emoreason")

pytest_plugins = ["browser"]  # tests/support/browser.py
