"""CPU time as the kernel counts it, and its own part of it."""

import os
from pathlib import Path

from bench import kernel

MINE = os.getpid()
SPENT_S = 0.3


def test_work_that_the_kernel_does_is_its_part() -> None:
    cpu, system = kernel.cpu_seconds(MINE), kernel.system_seconds(MINE)
    with Path("/dev/urandom").open("rb", buffering=0) as numbers:
        while kernel.cpu_seconds(MINE) - cpu < SPENT_S:
            numbers.read(2**20)
    assert kernel.system_seconds(MINE) - system > SPENT_S / 2


def test_work_of_the_program_is_not() -> None:
    cpu, system = kernel.cpu_seconds(MINE), kernel.system_seconds(MINE)
    while kernel.cpu_seconds(MINE) - cpu < SPENT_S:
        sum(number * number for number in range(200_000))
    assert kernel.system_seconds(MINE) - system < SPENT_S / 2


def test_a_process_that_has_ended_took_nothing() -> None:
    assert (kernel.cpu_seconds(0), kernel.system_seconds(0)) == (0.0, 0.0)
