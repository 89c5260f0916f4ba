"""A context of the kubeconfig that a command names, instead of the current one."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.cluster.connection import source_of
from fairlead.cluster.credentials import Credentials, NoCredentials

IN_A_POD: Final = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def written(path: Path, name: str, **changed: object) -> str:
    """A kubeconfig with one cluster and context of this name, which is the current one."""
    config = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "namespace": f"{name}-home"}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example.com"}}],
        "users": [],
    }
    path.write_text(json.dumps(config | changed))
    return str(path)


async def _in_context(context: str, environ: dict[str, str]) -> Credentials:
    return await source_of(environ, Path("/nonexistent"), context=context)()


def test_a_named_context_comes_before_the_current_one_and_before_a_pods_own_account(tmp_path: Path) -> None:
    staging, prod = written(tmp_path / "a", "staging"), written(tmp_path / "b", "prod")
    for environ in ({}, IN_A_POD):
        reached = asyncio.run(_in_context("prod", environ | {"KUBECONFIG": f"{staging}:{prod}"}))
        assert (reached.server, reached.default_namespace) == ("https://prod.example.com", "prod-home")


@pytest.mark.parametrize(
    ("changed", "there"),
    [({}, "there are: staging"), ({"contexts": []}, "there are none"), ({"contexts": None}, "there are none")],
)
def test_a_context_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, changed: dict[str, Any], there: str
) -> None:
    staging = written(tmp_path / "a", "staging", **changed)
    with pytest.raises(NoCredentials) as no:
        asyncio.run(_in_context("prdo", {"KUBECONFIG": staging}))
    assert str(no.value) == f"--context prdo: the kubeconfig has no context of this name; {there}"
