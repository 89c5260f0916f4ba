"""Hundreds of adapters on one deployment: what they share is read once, and they are polled less often."""

from datetime import timedelta

import pytest

from fairlead.controller.adapters import adapter_reconcile, served_adapters
from fairlead.controller.adapters.adapter_reconcile import LOADING_S
from fairlead.review import deployment_review
from tests.controller.adapters.adapter_world import AdapterWorld, version
from tests.controller.pretend import deployment

NAMES = tuple(f"sql-{number}" for number in range(8))


def many() -> AdapterWorld:
    """Eight adapters, none of them loaded yet."""
    world = AdapterWorld()
    for name in NAMES:
        world.put_adapter(name, version(f"sha256:{NAMES.index(name):064x}"))
    world.settle()
    for name in NAMES:
        world.reconcile_adapter(name)
    return world


class Counted:
    """A function that counts its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        self.calls = 0
        self._real = getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, *args: object) -> object:
        """Count, and do it."""
        self.calls += 1
        return self._real(*args)


def test_while_a_replica_starts_polls_read_neither_the_deployment_nor_the_other_adapters_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 500 adapters, each poll took some 5 ms for both, and there were 500 polls a second."""
    world = many()
    reads = Counted(monkeypatch, deployment_review, "read")
    passes = Counted(monkeypatch, served_adapters, "of")
    for _ in range(3):
        world.now += timedelta(seconds=1)
        for name in NAMES:
            assert world.reconcile_adapter(name).after_s == LOADING_S
    assert (reads.calls, passes.calls) == (0, 1), "once after the last status was written"


def test_an_edit_of_the_deployment_or_of_an_adapter_is_followed() -> None:
    world = many()
    world.load()
    assert world.reconcile_adapter(NAMES[0]).after_s == adapter_reconcile.LOADED_S
    world.remove_adapter(NAMES[1])
    world.put_adapter("late", servedName=NAMES[0])
    world.reconcile_adapter("late")
    assert world.reason(name="late")[1] == "AdapterNameTaken"
    world.apply(deployment())
    world.reconcile_adapter(NAMES[0])
    assert world.reason(name=NAMES[0])[1] == "NoAdapterSlots"


def test_the_more_adapters_a_deployment_has_the_less_often_each_is_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    world = many()
    monkeypatch.setattr(adapter_reconcile, "POLLS_PER_SECOND", 2.0)
    assert world.reconcile_adapter(NAMES[0]).after_s == 4.0
    monkeypatch.setattr(adapter_reconcile, "POLLS_PER_SECOND", 0.1)
    assert world.reconcile_adapter(NAMES[0]).after_s == adapter_reconcile.LOADED_S
