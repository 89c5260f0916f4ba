"""A cluster's pods get the CPU weight of several programs of this machine, with either version of control groups."""

from pathlib import Path

from devcluster import control_groups


def test_every_control_group_that_has_a_cpu_weight_gets_ours(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("cpu", "unified", "memory"))
    for group, file in ((first, "cpu.shares"), (second, "cpu.weight"), (other, "memory.limit_in_bytes")):
        group.mkdir()
        (group / file).write_text("1\n")

    control_groups.favour((first, second, other))

    assert (first / "cpu.shares").read_text() == "8192\n"
    assert (second / "cpu.weight").read_text() == "800\n"
    assert (other / "memory.limit_in_bytes").read_text() == "1\n"


def test_a_control_group_without_a_cpu_weight_is_left_alone(tmp_path: Path) -> None:
    control_groups.favour((tmp_path,))

    assert list(tmp_path.iterdir()) == []
