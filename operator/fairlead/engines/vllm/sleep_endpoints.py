"""How vLLM 0.32 is put to sleep and woken: two of its development endpoints.

Level 1 moves the weights to main memory and drops the KV cache. `wait` lets running requests end first; a
request after that hangs until the engine is woken, so routers must have dropped the engine before.
"""

from typing import Final

SLEEP: Final = "/sleep?level=1&mode=wait"
WAKE: Final = "/wake_up"
