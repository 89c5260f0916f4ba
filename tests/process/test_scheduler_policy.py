"""A process that lets others finish, where the system knows how."""

import os
import subprocess
import sys

import pytest

from fairlead.process import scheduler_policy

SHOW = (
    "import os; from fairlead.process import scheduler_policy; scheduler_policy.let_others_finish(); "
    "print(os.sched_getscheduler(0), os.SCHED_BATCH)"
)


def test_it_does_not_interrupt_others_from_then_on() -> None:
    """In a process of its own, since a policy is inherited."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run([sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, check=True).stdout
    now, batch = shown.split()
    assert now == batch


def test_where_a_sandbox_refuses_it_the_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    before = os.sched_getscheduler(0)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    scheduler_policy.let_others_finish()
    assert os.sched_getscheduler(0) == before


def test_a_system_without_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "SCHED_BATCH")
    before = os.sched_getscheduler(0)
    scheduler_policy.let_others_finish()
    assert os.sched_getscheduler(0) == before
