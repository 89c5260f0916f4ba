"""Fixtures of the API server lane: a light cluster, shared by the run, without root or namespaces."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import owners, plan, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.layout import Layout
from devcluster.setup import machine, preflight, programs, tools
from devcluster.up import up
from fairlead.api.kinds import KINDS
from house import kube_schemas
from house.crds import FOLDER
from tests.waiting import eventually


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm, built from its pinned version where it is missing."""
    cache = Cache.chosen()
    missing = preflight.light(machine.survey(), (*tools.missing(cache, tools.LIGHT), *kube_schemas.missing(cache)))
    if missing and os.environ.get("CI"):
        pytest.fail(f"the chart must be rendered in CI.\n{preflight.message(missing)}", pytrace=False)
    if missing:
        pytest.skip(preflight.message(missing))
    return tools.ensure(cache, tools.LIGHT) / "helm"


@pytest.fixture(scope="session")
def api_server() -> Iterator[Embedded]:
    """etcd and a kube-apiserver, named after the process so that two runs may go on at the same time."""
    cache = Cache.chosen()
    missing = preflight.light(machine.survey(), programs.missing(cache, programs.LIGHT))
    if missing and os.environ.get("CI"):
        pytest.fail(f"the API server lane must run in CI.\n{preflight.message(missing)}", pytrace=False)
    if missing:
        pytest.skip(preflight.message(missing))
    layout = Layout.of(cache, f"light-{os.getpid()}")
    try:
        yield Embedded(up(plan.make(layout.name, ()), cache, owners.mine()))
    finally:
        left = teardown.down(layout)
    assert left == (), left


@pytest.fixture(scope="session")
def served(api_server: Embedded) -> Embedded:
    """The API server with our kinds established."""
    api_server.kubectl("apply", "-f", str(FOLDER))
    for kind in KINDS:
        api_server.kubectl("wait", "--for=condition=Established", f"crd/{kind.crd}", "--timeout=30s")
    eventually(lambda: "infd" in api_server.kubectl("api-resources"), "our kinds are discovered")
    return api_server
