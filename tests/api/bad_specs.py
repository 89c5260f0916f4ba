"""Typical mistakes in specs, and what our reader and the API server must report about each.

Constants only. The pure lane reads each strictly; the API server lane applies each to a real server.
"""

from typing import Final

from tests.api.bad import LEAST
from tests.api.bad_adapters import ADAPTER_RULES
from tests.api.bad_deployments import DEPLOYMENT_RULES
from tests.api.bad_evaluations import EVALUATION_RULES
from tests.api.bad_gateways import SHARED_RULES
from tests.api.bad_pods import POD_RULES
from tests.api.bad_routers import ROUTER_RULES
from tests.api.bad_words import SHAPE, SPELLING

__all__ = ["BAD", "LEAST"]

BAD: Final = (
    *SHAPE,
    *SPELLING,
    *DEPLOYMENT_RULES,
    *POD_RULES,
    *SHARED_RULES,
    *ROUTER_RULES,
    *EVALUATION_RULES,
    *ADAPTER_RULES,
)
