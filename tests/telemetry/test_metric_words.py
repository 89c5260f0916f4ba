"""Names and labels of metrics are texts, which the check of identifiers passes over; users read them all the same."""

import pytest

from fairlead.telemetry import autoscaler_metrics, operator_metrics, router_families
from fairlead.telemetry.metric_family import MetricFamily
from house import words
from house.tree import ROOT

VOCABULARY = words.read((ROOT / words.GLOSSARY).read_text(encoding="utf-8"))
BACK = ("Their ", "These ", "Those ", "They ", "The same ", "Of that", "Of those", "Of the ", "Spent of that")
FAMILIES = (*autoscaler_metrics.FAMILIES, *operator_metrics.FAMILIES, *router_families.FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_metric_and_no_label_has_a_word_that_code_must_avoid(family: MetricFamily) -> None:
    found = [term for name in (family.name, *family.labels) if (term := VOCABULARY.in_name(name)) is not None]
    assert not found, f"{found[0].text}: docs/glossary.md has for it: {found[0].instead}"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_help_can_be_read_alone(family: MetricFamily) -> None:
    """Prometheus and Grafana show one family at a time, so none may refer to the one before it."""
    assert not family.text.startswith(BACK)
