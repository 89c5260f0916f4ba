"""Engines that hang, as routers report them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint


class HangingEngines:
    """Engines that serve until they hang; every router has noticed."""

    hung: Mapping[str, float] = MappingProxyType({})
    """For how many seconds pods have hung that routers ejected; to be replaced as a whole."""

    def as_reported(self, endpoint: RouterEndpoint) -> RouterEndpoint:
        """Return how a router reports it."""
        seconds = self.hung.get(endpoint.pod)
        if seconds is None:
            return endpoint
        return replace(endpoint, state=EndpointState.EJECTED, reason="no token within 60 s", hung_seconds=seconds)
