"""A finding of the SRE's trial: what the router shows to clients without a key."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure


def the_client_port_shows_nothing() -> Figure:
    """Every route by every method, in every spelling, with no key, a wrong one and the operator's."""
    ran = noted.pytest("tests/router/test_client_port.py", "tests/router/test_authorization.py")
    request = ran.total("client_port_requests")
    shown = ran.total("client_port_shown")
    return Figure(
        holds=ran.well and request > 0 and shown == 0,
        text=f"{request:,} requests without a tenant's key, over every route and method in many spellings: {shown} "
        f"showed more than health or a refusal; {ran.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="trial.5",
        title="Without a key, the client port answers with nothing but health and refusals, tried over every route and "
        "method the router knows",
        prove=the_client_port_shows_nothing,
    ),
)
