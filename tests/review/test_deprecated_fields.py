"""Fields under the name of the release before: they mean the same, and whoever applies them gets a warning."""

from typing import Any, Final

import pytest

from fairlead.api import deployment_conversion, gateway_conversion
from fairlead.api.kinds import DEPLOYMENT, GATEWAY
from fairlead.api.object_reader import read_strict
from fairlead.review import admission
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, Object, deployment, gateway

LIMITS: Final[dict[str, Any]] = {"maxConnections": 9, "tls": {"secretName": "certificate"}}


def warned(given: Object) -> list[str]:
    """What is warned of as deprecated."""
    every = admission.review(given, CONTEXT).warnings
    return [one.sentence for one in every if one.reason is AdmissionReason.DEPRECATED]


@pytest.mark.parametrize(
    ("given", "field"),
    [(deployment(router={"door": LIMITS}), "spec.router"), (gateway(door=LIMITS), "spec")],
    ids=("deployment", "gateway"),
)
def test_an_old_name_is_warned_of_with_the_new_one(given: Object, field: str) -> None:
    (sentence,) = warned(given)
    assert sentence == (
        f"{field}.door: an object: this is the old name of connections; the next release no longer reads it, and other "
        f"messages say connections; rename it to {field}.connections"
    )


@pytest.mark.parametrize(
    "given", [deployment(), deployment(router={"connections": LIMITS}), gateway(connections=LIMITS)]
)
def test_without_old_names_nothing_is(given: Object) -> None:
    assert warned(given) == []


def test_a_deployment_means_the_same_under_either_name() -> None:
    old, new = (read_strict(deployment(router={name: LIMITS}), DEPLOYMENT).value for name in ("door", "connections"))
    assert old is not None
    assert new is not None
    assert deployment_conversion.deployment(old, CONTEXT.releases) == deployment_conversion.deployment(
        new, CONTEXT.releases
    )


def test_a_gateway_means_the_same_under_either_name() -> None:
    old, new = (read_strict(gateway(**{name: LIMITS}), GATEWAY).value for name in ("door", "connections"))
    assert old is not None
    assert new is not None
    assert gateway_conversion.gateway(old) == gateway_conversion.gateway(new)
