"""Nothing changes at rest: no write, no new message, no moved time (P3, P4, P29)."""

from tests.controller.pretend import Pretend, deployment


def test_in_steady_state_nothing_is_written_and_no_message_changes() -> None:
    """P3, P29: two hours of reconciles."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    writes, status, lines = len(world.server.writes), world.document()["status"], list(world.event_sink.published)
    for _ in range(10):
        world.now += 143 * world.now.resolution * 5_000_000
        world.reconcile_now()
    assert (len(world.server.writes), world.document()["status"], world.event_sink.published) == (writes, status, lines)


def test_a_restart_in_steady_state_writes_nothing() -> None:
    """P4"""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    writes = len(world.server.writes)
    world.restart()
    world.rounds(5)
    assert len(world.server.writes) == writes


def test_a_refused_object_comes_to_rest_too() -> None:
    world = Pretend()
    world.apply(deployment(context=10_000_000))
    world.settle()
    writes = len(world.server.writes)
    world.restart()
    world.rounds(5)
    assert len(world.server.writes) == writes
    assert world.condition("Ready") == ("False", "Refused")


def test_a_stuck_rollout_comes_to_rest_too() -> None:
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=4))
    world.settle()
    writes = len(world.server.writes)
    world.rounds(10)
    assert len(world.server.writes) == writes
    assert world.engines()
    assert world.condition("Scheduled") == ("False", "NoFreeGpu")
    assert "NVIDIA-L4: 2 on 1 node, 2 in use, 0 free" in world.message("Scheduled")
