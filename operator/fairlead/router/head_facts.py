"""What follows from the head of a request, whichever body comes with it: computed once for all equal heads."""

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
    """The tenant and the surface, and the header lines that depend on nothing else."""

    account: Account | Refusal
    surface: Surface
    surface_name: str
    engine_lines: bytes
    """Header lines for engines, besides those that the client sent."""
    reply_lines: bytes
    """Header lines for the client."""
    batch: bool
    """The client marked it as batch work."""


def of(head: RequestHead, account: Account | Refusal, settings: RouterConfig) -> HeadFacts:
    """The facts of a head that this account sent."""
    surface = surfaces.of(head.path)
    lines = b""
    if isinstance(account, Account):
        if not settings.routing.tenants:
            lines = head.credentials
        priority = settings.engine_api.priority_header
        if settings.routing.bands and priority is not None:
            lines += b"%b: %d\r\n" % (priority, account.rank)
    return HeadFacts(
        account=account,
        surface=surface,
        surface_name=surface.name.lower(),
        engine_lines=lines,
        reply_lines=cors.lines(settings.routing.door, head),
        batch=head.headers.get(b"x-fairlead-lane") == b"batch",
    )
