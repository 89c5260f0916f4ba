"""When a router is ready: once it knows its engines, and not later because of one target among several."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.router import router as module
from fairlead.router.config import loader
from fairlead.router.config.loader import RouterConfig
from fairlead.router.router import Router
from tests.router.gateways import single, target, written
from tests.router.test_sharing_rates import made


def gateway(folder: Path, *names: str) -> RouterConfig:
    targets = [listed(name) for name in names]
    return loader.load(written(folder, targets, [single("chat", f"ns/{names[0]}")]))


def listed(name: str) -> dict[str, Any]:
    """Its engines are found by labels, and have not been listed yet."""
    found = target(name, selector=f"app={name}")
    return {key: value for key, value in found.items() if key != "endpoints"}


def list_none(router: Router, name: str) -> None:
    """The engines of one target were listed: there are none."""
    router.context.targets[f"ns/{name}"].dispatcher.table.apply_discovered(())


@pytest.mark.interpreted
def test_a_gateway_waits_for_all_targets_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    router = made(gateway(tmp_path, "a", "b"))
    assert not router.ready
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    assert not router.ready, "it knows nothing at all"
    monkeypatch.undo()
    list_none(router, "a")
    assert not router.ready
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    assert router.ready, "who asks for a need not wait until somebody may list b"


def test_a_target_that_joins_takes_no_client_away(tmp_path: Path) -> None:
    router = made(gateway(tmp_path, "a"))
    list_none(router, "a")
    assert router.ready
    router.apply(gateway(tmp_path, "a", "b"))
    assert router.ready
    router.context.draining = True
    assert not router.ready


def test_a_gateway_without_deployments_refuses_by_itself_and_is_ready(tmp_path: Path) -> None:
    settings = gateway(tmp_path, "a")
    assert made(replace(settings, targets=(), routes=(), models=())).ready
