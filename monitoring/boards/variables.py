"""The variables at the top of the dashboards."""

from typing import Final

from fairlead.telemetry import autoscaler_metrics, operator_metrics, router_families
from monitoring.panels import Variable
from monitoring.queries import DEPLOYMENT

_ROUTED: Final = router_families.ENDPOINTS.name
_DECIDED: Final = autoscaler_metrics.RECOMMENDED.name

OF_ROUTERS: Final = (
    Variable("namespace", f"label_values({_ROUTED}, namespace)"),
    Variable("deployment", f'label_values({_ROUTED}{{namespace=~"$namespace"}}, {DEPLOYMENT})'),
)
OF_DECISIONS: Final = (
    Variable("namespace", f"label_values({_DECIDED}, namespace)"),
    Variable("deployment", f'label_values({_DECIDED}{{namespace=~"$namespace"}}, name)'),
)
OF_OPERATORS: Final = (Variable("namespace", f"label_values({operator_metrics.LEADER.name}, namespace)"),)
