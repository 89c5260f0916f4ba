"""Lines of batch files for tests."""

import json
from typing import Any, Final

from fairlead.batching import batch_requests
from fairlead.batching.batch_requests import BatchRequest

LINE: Final[dict[str, Any]] = {
    "custom_id": "r-1",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "chat", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4},
}


def text(**changed: object) -> bytes:
    """A line with some of its fields changed."""
    return json.dumps(LINE | changed).encode()


def request(**changed: object) -> BatchRequest:
    """The same as a request."""
    found = batch_requests.read(text(**changed), 1)
    assert isinstance(found, BatchRequest), found
    return found
