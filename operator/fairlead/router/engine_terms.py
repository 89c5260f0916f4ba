"""What differs between kinds of engine before a request has its engine; of several kinds, the strictest rule counts.

A target has engines of two kinds while it is rolled out to another kind.
"""

from collections.abc import Mapping
from typing import Final

from fairlead.engines.http_api import HttpApi
from fairlead.fleet.desired_state import EngineKind

NO_OTHERS: Final[Mapping[EngineKind, HttpApi]] = {}


class EngineTerms:
    """The terms of one target: its configuration's kind, and others that still serve or serve again."""

    __slots__ = ("adapter_paths", "apis", "others", "priority_headers", "unsalted")

    def __init__(self, api: HttpApi, *, has_adapters: bool, others: Mapping[EngineKind, HttpApi] = NO_OTHERS) -> None:
        self.apis = apis = tuple(dict.fromkeys((api, *others.values())))
        """Each of them gets a body of its own."""
        self.others = others
        self.unsalted = frozenset(path for one in apis for path in one.unsalted)
        """Routes on which an engine would not separate tenants."""
        self.priority_headers = tuple(dict.fromkeys(one.priority_header for one in apis if one.priority_header))
        """Names of the headers for a tenant's rank; an engine ignores those of others."""
        named = [one.adapters.paths for one in apis if has_adapters and one.adapters is not None]
        self.adapter_paths = frozenset.intersection(*named) if named else None
        """Routes on which every engine takes adapters; None: all routes."""
