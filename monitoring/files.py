"""Every generated file by its path: dashboards and rules, with copies in the chart, which can only carry its own."""

import json
from typing import Final

import yaml

from monitoring import alerts, grafana, recording
from monitoring.boards import autoscaler, fleet, operator, router, service
from monitoring.panels import Dashboard
from monitoring.rules import RuleGroup

BOARDS: Final[tuple[Dashboard, ...]] = (service.BOARD, fleet.BOARD, autoscaler.BOARD, router.BOARD, operator.BOARD)
FOLDER: Final = "dashboards"
RULES: Final = f"{FOLDER}/rules.yaml"
IN_CHART: Final = "charts/fairlead/monitoring"
HEAD: Final = "# Written by `python -m monitoring`; changes here are lost.\n"


def rendered() -> dict[str, str]:
    """All files."""
    boards = {f"{one.name}.json": json.dumps(grafana.model(one), indent=1) + "\n" for one in BOARDS}
    files = boards | {"rules.yaml": rules()}
    return {f"{folder}/{name}": text for folder in (FOLDER, IN_CHART) for name, text in files.items()}


def rules() -> str:
    """The file that Prometheus reads; the chart puts the same groups into a PrometheusRule."""
    groups: tuple[RuleGroup, ...] = (*recording.groups(), *alerts.groups())
    document = {"groups": [one.document() for one in groups]}
    return HEAD + yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
