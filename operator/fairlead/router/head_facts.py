"""Facts that depend on a request's head alone, not on its body: computed once for all equal heads."""

from fairlead.fleet.light_dataclass import light
from fairlead.router import cors
from fairlead.router.config.loader import RouterConfig
from fairlead.router.wire import surfaces
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.accounts import Account
from fairlead.routing.refusal import Refusal


@light
class HeadFacts:
    """The tenant, the surface and the header lines that depend on nothing else."""

    account: Account | Refusal
    surface: Surface
    surface_name: str
    credentials: bytes
    """The client's own credentials as header lines, if engines may want them."""
    engine_priority: bytes
    """The tenant's rank as a number, if there are bands; the header or member for it depends on the kind of engine."""
    reply_lines: bytes
    """Header lines for the client."""
    batch: bool
    """The client marked it as batch work."""
    batch_seconds: float
    """How long it may wait in the batch lane, before its total time-out begins; 0 for all other requests."""


def of(head: RequestHead, account: Account | Refusal, settings: RouterConfig) -> HeadFacts:
    """Derive the facts of a head sent by this account."""
    surface, lane = surfaces.of(head.path), settings.routing.batch_lane
    batch = head.headers.get(b"x-fairlead-lane") == b"batch"
    return HeadFacts(
        account=account,
        surface=surface,
        surface_name=surface.name.lower(),
        credentials=b"" if settings.routing.tenants else head.credentials,
        engine_priority=b"%d" % account.rank if isinstance(account, Account) and settings.routing.bands else b"",
        reply_lines=cors.lines(settings.routing.connections, head),
        batch=batch,
        batch_seconds=lane.max_queue_seconds if batch and lane is not None else 0.0,
    )
