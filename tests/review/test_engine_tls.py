"""TLS to engines, which are started without it."""

from typing import Any

import pytest

from tests.review.table import Object, deployment, gateway
from tests.review.test_gateways import warned

TO_ENGINES: dict[str, Any] = {"connections": {"engineTls": {"caSecret": {"name": "authority", "key": "ca.crt"}}}}


@pytest.mark.parametrize(
    ("given", "field"), [(deployment(router=TO_ENGINES), "spec.router"), (gateway(**TO_ENGINES), "spec")]
)
def test_routers_that_would_speak_tls_to_plain_engines_are_warned_of(given: Object, field: str) -> None:
    (answer,) = [one for one in warned(given) if "engineTls" in one]
    assert answer == (
        f"{field}.connections.engineTls: caSecret authority: engines are started without TLS, so routers would reach "
        "none of them; remove it, unless a sidecar that you add to their pods terminates TLS on their port; a network "
        "plugin that encrypts between nodes needs no such setting"
    )


def test_without_it_there_is_no_warning() -> None:
    assert not [one for one in warned(deployment()) if "engineTls" in one]
