"""Why a request bypasses the cache, and why a response is not stored: closed lists, also used in metrics."""

from enum import StrEnum


class CacheBypassReason(StrEnum):
    """Why no response was looked up and none will be stored."""

    OFF = "off"
    """The cache is off, or the request says `x-fairlead-cache: off`; or it is by request only and not requested."""
    NO_STORE = "no_store"
    """The request says `Cache-Control: no-store`."""
    SURFACE = "surface"
    """A path whose responses are not cached."""
    TOO_LARGE = "too_large"
    """Parsing the request twice would block all other clients for more than a millisecond."""
    UNREADABLE = "unreadable"
    """Not a JSON object, or written in a way that parsers disagree on."""
    SAMPLED = "sampled"
    """Temperature above 0, or no temperature, and no seed."""
    SEVERAL = "several"
    """The request wants more than one response."""
    TOOLS_ACT = "tools_act"
    """A tool that the server runs itself: its next result may differ."""
    STATEFUL = "stateful"
    """The response depends on, or creates, state that only the engine has."""
    ELSEWHERE = "elsewhere"
    """Part of the prompt is a URL or an id, whose content may change."""


class NotStoredReason(StrEnum):
    """Why a response was passed on but not stored."""

    STATUS = "status"
    """The status is not 200."""
    TOO_LARGE = "too_large"
    """Larger than the largest entry."""
    ENCODED = "encoded"
    """Compressed or otherwise encoded for one client."""
    CROWDED = "crowded"
    """So many responses are in flight that collecting this one, too, would exceed the bound."""
    CUT = "cut"
    """The response broke, or its leader gave up."""
    INCOMPLETE = "incomplete"
    """Every byte arrived, but the response is incomplete: no last event, an error inside, or an aborted choice."""
    INVALID = "invalid"
    """The answer does not have the format that its request requires: a repeated request may get one that has."""
    UNWANTED = "unwanted"
    """The request's time to live is zero."""
