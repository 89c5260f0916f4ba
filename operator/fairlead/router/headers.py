"""Which headers are passed on, in both directions: all but those that speak about one connection only."""

from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

REQUEST_ID: Final = "X-Request-Id"
_HOP_BY_HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_OURS: Final = frozenset({"host", "content-length", "expect"})
"""Said anew by our own side of the engine's connection."""


def to_engine(headers: CIMultiDictProxy[str], request_id: str) -> CIMultiDict[str]:
    """A client's headers, with the id that names this request everywhere."""
    passed = _without(headers, _HOP_BY_HOP | _OURS)
    passed[REQUEST_ID] = request_id
    return passed


def to_client(headers: CIMultiDictProxy[str], request_id: str) -> CIMultiDict[str]:
    """An engine's headers; the length stays, as the body's bytes do."""
    passed = _without(headers, _HOP_BY_HOP)
    passed[REQUEST_ID] = request_id
    return passed


def _without(headers: CIMultiDictProxy[str], dropped: frozenset[str]) -> CIMultiDict[str]:
    """What `Connection` names belongs to that connection too."""
    named = {word.strip().lower() for word in ",".join(headers.getall("Connection", ())).split(",")}
    kept = ((name, value) for name, value in headers.items() if name.lower() not in dropped | named)
    return CIMultiDict(kept)
