"""Why a request passes by the cache, and why an answer is not kept: closed lists, also used in metrics."""

from enum import StrEnum


class CacheBypassReason(StrEnum):
    """Why neither an answer was looked for nor will be kept."""

    OFF = "off"
    """The cache is off, or the request says `x-fairlead-cache: off`; or it is by request only and nobody asked."""
    NO_STORE = "no_store"
    """The request says `Cache-Control: no-store`."""
    SURFACE = "surface"
    """A path whose answers are not kept."""
    TOO_LARGE = "too_large"
    """Reading the request twice would cost more than a millisecond of every other client's time."""
    UNREADABLE = "unreadable"
    """Not a JSON object, or spelt in a way that readers disagree on."""
    SAMPLED = "sampled"
    """Temperature above 0, or none named, and no seed."""
    SEVERAL = "several"
    """More than one answer is asked for."""
    TOOLS_ACT = "tools_act"
    """A tool that the server runs itself: asking again may find another world."""
    STATEFUL = "stateful"
    """The answer depends on, or leaves behind, something that only the engine has."""
    ELSEWHERE = "elsewhere"
    """Part of the prompt stands behind an address or an id, and may change there."""


class NotStoredReason(StrEnum):
    """Why an answer was passed on and not kept."""

    STATUS = "status"
    """Not 200."""
    TOO_LARGE = "too_large"
    """Beyond the largest entry."""
    ENCODED = "encoded"
    """Compressed or otherwise spelt for one client."""
    CROWDED = "crowded"
    """So many answers are under way at once that collecting this one too would be beyond the bound."""
    CUT = "cut"
    """It broke, or its leader gave up."""
    INCOMPLETE = "incomplete"
    """Every byte came, and yet the answer is not whole: no last event, an error inside, or an aborted choice."""
    UNWANTED = "unwanted"
    """The request gave it no time to live."""
