"""How the kernel's scheduler treats this process beside others: throughput before an early turn."""

import os
from contextlib import suppress


def let_others_finish() -> None:
    """Do not interrupt what runs on a core at each event, but take several events after it (SCHED_BATCH).

    Matters only while every core is busy; a router then waits at most for another's time slice, some milliseconds. A
    system without this policy, or a sandbox that refuses it, keeps the usual one.
    """
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
