"""Images lie in memory where there is plenty of it, and on the disk where there is not or nobody can tell."""

from devcluster.inside import image_room


def told(available_gib: float) -> str:
    """As the kernel writes it."""
    kilobytes = int(available_gib * 1024 * 1024)
    return f"MemTotal:       65802496 kB\nMemFree:          102400 kB\nMemAvailable:   {kilobytes} kB\nBuffers: 1 kB\n"


def test_a_machine_with_plenty_keeps_them_in_memory() -> None:
    assert image_room.is_in_memory(told(20), nodes=3)


def test_each_node_takes_its_share_and_the_rest_is_for_others() -> None:
    assert image_room.is_in_memory(told(6), nodes=2)
    assert not image_room.is_in_memory(told(6), nodes=3)


def test_where_nothing_is_told_the_disk_is_used() -> None:
    assert not image_room.is_in_memory("MemTotal: 1 kB\n", nodes=1)
