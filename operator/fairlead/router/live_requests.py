"""Requests, their copies and clients, as the router's own events see them: a sweep, a drain, another configuration."""

from typing import Protocol

from fairlead.router.engine_target import EngineTarget
from fairlead.router.wire.requests import RequestReader
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.refusal import Refusal


class WaitingReply(Protocol):
    """The reply to such a request, as the router's own events see it."""

    def send_keep_alive(self, now: float, seconds: float) -> None:
        """Keep the connection of a client that has waited so long."""


class LiveExchange(Protocol):
    """A request that needed an endpoint and has not ended, as the router's own events see it."""

    @property
    def hedge_at(self) -> float:
        """When to send a hedge if the first attempt has no first byte by then."""

    @property
    def target(self) -> EngineTarget:
        """The target that it was sent to or waits for."""

    @property
    def reply(self) -> WaitingReply:
        """What its client gets."""

    def is_at(self, endpoint: Endpoint) -> bool:
        """Whether it is in flight at this endpoint."""

    @property
    def shows_progress(self) -> bool:
        """Whether its stream stands still only if the engine does."""

    def apply_decision(self, endpoint: Endpoint | Refusal | None, now: float) -> None:
        """Act on the dispatcher's decision."""

    def sweep(self, now: float) -> Endpoint | None:
        """Act on expired time-outs; return the endpoint whose reply waits for its client, if it does."""

    def hedge(self, now: float) -> None:
        """Send a hedge, if another endpoint has room and the budget allows."""

    def reroute(self, now: float) -> None:
        """Choose another target: its own went away while it waited."""

    def hung(self, why: str, now: float) -> None:
        """Called when its endpoint was ejected because it hangs."""

    def abort(self) -> None:
        """Disconnect its client."""


class OpenCopy(Protocol):
    """A copy of a request in flight, as the router's own events see it."""

    def sweep(self, now: float) -> None:
        """Act on expired time-outs."""

    def abort(self) -> None:
        """End it."""


class TokenTenants(Protocol):
    """Resolves an issuer's tokens to tenants."""

    def is_token(self, key: bytes) -> bool:
        """Whether this looks like a token."""

    def tenant(self, key: bytes, digest: bytes) -> str | Refusal:
        """Return the token's tenant, or why there is none."""


class OpenClient(Protocol):
    """A client's connection, as the router's own events see it."""

    @property
    def reader(self) -> RequestReader:
        """Reads its requests."""

    @property
    def unread(self) -> bool:
        """Whether something written for it still waits here."""

    def sweep(self, now: float) -> None:
        """Cut it if it is slower than allowed."""

    def left_by(self, target: EngineTarget) -> None:
        """Called when this router retires a target."""

    def close(self) -> None:
        """Close once everything written is sent."""

    def abort(self) -> None:
        """Close without writing another byte."""
