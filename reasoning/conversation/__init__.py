"""What the language-model engines share: which chats a clip takes, and what comes of the replies. No input or output.

:func:`ask` is a generator: it yields a :class:`Chat`, is sent the :class:`Completion`, and returns the
:class:`~emoreason.reasoning.engines.Reply`. Each engine brings chats to its model in its own way (a connection, a
batch, one after the other) and knows nothing else.
"""

from .asking import ask
from .capabilities import Capabilities
from .manner import Manner
from .memory import Memory, remembered
from .turn import Chat, Completion, Sampling, converse

__all__ = ["Capabilities", "Chat", "Completion", "Manner", "Memory", "Sampling", "ask", "converse", "remembered"]
