"""Shared by all tests."""

import signal

from hypothesis import settings

# No test of ours may fail because the machine is busy; pytest-timeout ends what hangs.
settings.register_profile("emoreason", deadline=None)
settings.load_profile("emoreason")

# A shell has what it runs in the background ignore Ctrl-C, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["browser", "earlier_pass"]  # of tests/support
