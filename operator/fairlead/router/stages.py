"""How far a request has come; plain numbers, since they are compared for every piece of an answer."""

from typing import Final

QUEUED: Final = 0
"""It has no engine; the deciding room knows for how long it may wait."""
SENT: Final = 1
"""An engine has it, and its client has seen nothing."""
JUDGED: Final = 2
"""The engine's answer is an error; it is read whole before anybody sees it."""
RELAYING: Final = 3
OVER: Final = 4
