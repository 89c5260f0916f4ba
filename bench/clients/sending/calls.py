"""A list of calls of one client, each tried once and reported as a line of JSON. Standard library only.

Addresses and keys come from the environment, since that is how people configure these clients.
"""

import json
import os
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MODEL: Final = "chat"
TIMEOUT_S: Final = 30.0
"""Every client's time-out for an answer: a slower one is a finding, and the other calls still run."""
HELLO: Final[list[Any]] = [{"role": "user", "content": "Tell me of the tide, please."}]
WEATHER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
Call = Callable[["Place"], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to send requests, and as which tenant."""

    url: str
    embedding_url: str
    key: str
    narrow_key: str
    """The key of a tenant that may send one request a minute."""
    engines: tuple[str, ...]

    def fault(self, engine: int, fault: str) -> None:
        """Set a fault of one engine behind the router, or clear it."""
        body = json.dumps({"fault": fault}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.engines[engine]}/fairlead/v1/faults", body, headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - ours
            answer.read()


def place() -> Place:
    """Read it from the environment."""
    environment = os.environ
    return Place(
        url=environment["FAIRLEAD_URL"],
        embedding_url=environment["FAIRLEAD_EMBEDDING_URL"],
        key=environment["FAIRLEAD_KEY"],
        narrow_key=environment["FAIRLEAD_NARROW_KEY"],
        engines=tuple(environment["FAIRLEAD_ENGINES"].split(",")),
    )


def try_all(client: str, version: str, calls: Mapping[str, Call]) -> int:
    """Try every call in order; 0 when all succeeded."""
    where, failed = place(), 0
    for name, call in calls.items():
        begun = time.monotonic()
        try:
            note, well = call(where), True
        except Exception as problem:  # noqa: BLE001 - whatever a client throws is the finding
            last = traceback.extract_tb(problem.__traceback__)[-1]
            note, well = f"{type(problem).__name__}: {problem} ({last.name}, line {last.lineno})"[:400], False
        failed += not well
        row = {"client": client, "version": version, "call": name, "well": well, "note": note}
        print(json.dumps(row | {"seconds": round(time.monotonic() - begun, 3)}), flush=True)
    return 1 if failed else 0


def refused(kind: type[BaseException], call: Callable[[], object]) -> Any:  # noqa: ANN401 - each client has its own
    """Return the client's own error for a refusal; anything else is a finding."""
    try:
        answer = call()
    except kind as error:
        return error
    raise AssertionError(f"answered {str(answer)[:200]} and should have raised {kind.__name__}")
