"""Stages of a request; plain numbers, since they are compared for every piece of a response."""

from typing import Final

QUEUED: Final = 0
"""It has no engine; the dispatcher knows its deadline."""
SENT: Final = 1
"""It was sent to an engine, and its client has got nothing."""
JUDGED: Final = 2
"""The engine's response is an error; it is read whole before the client gets any of it."""
RELAYING: Final = 3
OVER: Final = 4
