"""No item of an evaluation is sent to an adapter's versions once no deployment serves them."""

from collections.abc import Callable

import pytest

from fairlead.cluster import kinds
from tests.controller.adapters.test_adapter_canaries import VersionWorld
from tests.controller.adapters.test_versions_listed_first import unreadable, without_deployment, without_slots
from tests.controller.quality_trials import EVALUATION, lines


@pytest.mark.parametrize("goes_wrong", [without_slots, without_deployment, unreadable])
def test_items_are_sent_to_no_version_that_is_served_no_more(
    goes_wrong: Callable[[VersionWorld], Callable[[], None]],
) -> None:
    quality = {"evaluation": EVALUATION.name, "margin": "4"}
    world = VersionWorld(steps=[{"traffic": 0, "hold": "0s", "gates": ["Quality"]}], quality=quality)
    world.write(lines(150))
    world.evaluate()
    world.load()
    uid = world.objects.held[(kinds.ADAPTER.title, "default", "sql")]["metadata"]["uid"]
    while not world.pod_client.sent:
        world.turn()
        world.run(world.runs.advance(uid))
    goes_wrong(world)
    world.reconcile_adapter()
    sent = world.pod_client.sent.total()
    for _ in range(5):
        world.run(world.runs.advance(uid))
    assert world.pod_client.sent.total() == sent
    assert world.reason()[0] == "False"
