"""Faults on demand: at the start, over HTTP, one after the other."""

import pytest

from fairlead.emulator.faults import EngineFault, FaultOrder, FaultState, order_from_body


def test_a_fault_shows_after_the_requests_that_go_well() -> None:
    faults = FaultState(FaultOrder(fault=EngineFault.ERRORS, after=2))
    assert not faults.shows(EngineFault.ERRORS)
    faults.answered = 2
    assert faults.shows(EngineFault.ERRORS)
    assert not faults.shows(EngineFault.HANG)


def test_a_new_fault_order_is_counted_from_its_own_beginning_and_its_listener_is_notified() -> None:
    faults = FaultState(FaultOrder(fault=EngineFault.NO_TOKENS))
    faults.answered, faults.tokens = 7, 70
    engine_faults: list[EngineFault] = []
    faults.changed = lambda: engine_faults.append(faults.order.fault)

    faults.change(order_from_body({"fault": "engine-death", "tokens": 5}, faults.order))

    assert (faults.answered, faults.tokens, engine_faults) == (0, 0, [EngineFault.ENGINE_DEATH])
    assert faults.deadly is None
    faults.tokens = 5
    assert faults.deadly is EngineFault.ENGINE_DEATH


def test_an_order_names_only_what_it_changes() -> None:
    first = order_from_body({"fault": "slow-step", "factor": 3}, FaultOrder())
    assert order_from_body({"factor": 5}, first) == FaultOrder(fault=EngineFault.SLOW_STEP, factor=5)
    assert order_from_body({"fault": ""}, first) == FaultOrder()
    assert first.json_object == {"fault": "slow-step", "after": 0, "tokens": 2, "factor": 3.0}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"fault": "gremlins"}, "gremlins: no such fault; write one of crash-at-start, "),
        ({"speed": 3}, "speed: no such field; write fault, after, tokens or factor"),
        ({"fault": "slow-step", "factor": 0.5}, "factor: 0.5: must be 1 or more"),
        ({"after": -1}, "after: -1: must be 0 or more"),
        ({"tokens": "some"}, "invalid literal"),
        ({"after": None}, "after: must be a finite number; leave it out"),
        ({"tokens": [2]}, "tokens: must be a finite number"),
        ({"tokens": float("inf")}, "tokens: must be a finite number"),
        ({"fault": "slow-step", "factor": float("nan")}, "factor: nan: must be 1 or more, and finite"),
        ({"fault": "slow-step", "factor": float("inf")}, "factor: inf: must be 1 or more, and finite"),
    ],
)
def test_an_order_that_means_nothing_says_why(document: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        order_from_body(document, FaultOrder())
