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
    "a policy of a webhook that is off": (
        {"webhook": {"enabled": False, "failurePolicy": "Fail"}},
        "with webhook.enabled=false no object is reviewed, so bad ones are stored",
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


@pytest.mark.parametrize("name", ["1st", "models.prod", "Models", "models_prod", "models-"])
def test_a_name_that_no_service_may_have_is_refused_before_half_a_release_is_installed(helm: Path, name: str) -> None:
    with pytest.raises(Refused, match="which no Service may have; set it to small letters, digits and dashes"):
        chart_manifests.template(helm, {"fullnameOverride": name})


WITHOUT_SERVICES: Final = {"fullnameOverride": "models.prod", "webhook": {"enabled": False}}
SERVICES: Final[tuple[dict[str, Any], ...]] = (
    {"webhook": {"enabled": True}},
    {"metrics": {"service": True}},
    {"console": {"enabled": True, "service": True}},
)


@pytest.mark.parametrize("without", [{"metrics": {"service": False}}, {"console": {"enabled": True}}])
def test_a_name_with_a_dot_is_allowed_where_no_service_has_it(helm: Path, without: dict[str, Any]) -> None:
    rendered = chart_manifests.template(helm, WITHOUT_SERVICES | {"metrics": {"service": False}} | without)
    assert "Service" not in {one["kind"] for one in rendered}
    assert "models.prod" in {one["metadata"]["name"] for one in rendered if one["kind"] == "Deployment"}


@pytest.mark.parametrize("name", ["Models_X", "models_x", "-models", "models-", "models..prod", "models.", ".models"])
def test_a_name_that_no_object_may_have_is_refused_without_any_service_too(helm: Path, name: str) -> None:
    values = WITHOUT_SERVICES | {"metrics": {"service": False}, "fullnameOverride": name}
    with pytest.raises(Refused, match="which no Deployment may have; set it to small letters, digits, dashes and dots"):
        chart_manifests.template(helm, values)


@pytest.mark.parametrize("one", SERVICES, ids=lambda one: next(iter(one)))
def test_each_single_service_has_the_name_checked(helm: Path, one: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="which no Service may have"):
        chart_manifests.template(helm, WITHOUT_SERVICES | {"metrics": {"service": False}} | one)


@pytest.mark.parametrize("repository", ["team/fairlead:dev", "team/fairlead@sha256:aa", "registry.example:5000"])
def test_an_image_with_its_tag_in_the_repository_is_refused_since_a_second_tag_would_follow(
    helm: Path, repository: str
) -> None:
    with pytest.raises(Refused, match=r"'/image/repository': .* does not match pattern"):
        chart_manifests.template(helm, {"image": {"repository": repository}})


@pytest.mark.parametrize("repository", ["fairlead", "team/fairlead", "registry.example:5000/team/fairlead"])
def test_a_registry_with_a_port_is_no_tag(helm: Path, repository: str) -> None:
    texts = [str(one) for one in chart_manifests.template(helm, {"image": {"repository": repository, "tag": "dev"}})]
    assert any(f"'{repository}:dev'" in text for text in texts)


@pytest.mark.parametrize("name", ["true", "no", "123", "0x10", "1.5", "2026-12-01", "null"])
def test_a_name_that_yaml_reads_as_something_else_is_refused(helm: Path, name: str) -> None:
    values = WITHOUT_SERVICES | {"metrics": {"service": False}, "fullnameOverride": name}
    with pytest.raises(Refused, match=f'which YAML reads as .* such as "fairlead-{name}"'):
        chart_manifests.template(helm, values)


def test_an_account_whose_name_is_a_number_keeps_it(helm: Path) -> None:
    rendered = chart_manifests.template(helm, {"serviceAccount": {"name": "2026"}})
    accounts = {one["metadata"]["name"] for one in rendered if one["kind"] == "ServiceAccount"}
    used = {one["spec"]["template"]["spec"]["serviceAccountName"] for one in rendered if one["kind"] == "Deployment"}
    subjects = {one["name"] for binding in rendered for one in binding.get("subjects", ()) if "kind" in one}
    assert "2026" in accounts
    assert used == {"2026"}
    assert "2026" in subjects
