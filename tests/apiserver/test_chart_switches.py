"""Values of the chart whose switch is off are refused: they would have no effect, and people would rely on them."""

from pathlib import Path
from typing import Any, Final

import pytest

from house import chart_manifests
from house.chart_manifests import Refused

WITHOUT_EFFECT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "readers of metrics without a policy": (
        {"networkPolicy": {"metricsFrom": [{"podSelector": {}}]}},
        "with networkPolicy.enabled=false every pod may still read the operator's metrics",
    ),
    "a Service without a console": ({"console": {"service": True}}, "set console.enabled=true too"),
    "a certificate without a webhook": (
        {"webhook": {"enabled": False, "certManager": {"enabled": True}}},
        "there is no webhook to certify",
    ),
    "an issuer that issues nothing": (
        {"webhook": {"certManager": {"issuer": {"name": "company"}}}},
        "the operator issues the certificate itself",
    ),
    "namespaces that nothing scrapes": (
        {"serving": {"podMonitor": {"namespaces": ["models"]}}},
        "set serving.podMonitor.enabled=true too",
    ),
}


@pytest.mark.parametrize(("values", "wording"), WITHOUT_EFFECT.values(), ids=WITHOUT_EFFECT)
def test_a_value_whose_switch_is_off_is_refused(helm: Path, values: dict[str, Any], wording: str) -> None:
    with pytest.raises(Refused) as refused:
        chart_manifests.template(helm, values)
    assert wording in str(refused.value)
