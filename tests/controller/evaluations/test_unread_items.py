"""Items that cannot be read are not counted: by 0 of them admission would refuse each canary that names them."""

from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.review import evaluations
from fairlead.review.context import ItemCount
from tests.controller.quality_trials import EVALUATION, QualityWorld, lines


def stored(world: QualityWorld) -> Manifest:
    """The evaluation, after a reconcile."""
    world.evaluate()
    return world.objects.held[(kinds.EVALUATION.title, "default", EVALUATION.name)]


@pytest.mark.parametrize("given", [{"name": "later"}, {"key": "later.jsonl"}, {"name": "Questions!"}])
def test_a_canary_is_admitted_while_nothing_is_known_of_the_items_of_its_evaluation(given: dict[str, Any]) -> None:
    world = QualityWorld(lines(120))
    assert evaluations.count_of(stored(world)) == ItemCount(items=120, least=50)
    world.write(lines(120), **given)
    unread = stored(world)
    assert not {"items", "badLines", "digest"} & unread["status"].keys()
    assert evaluations.count_of(unread) is None


def test_a_file_without_items_is_counted() -> None:
    world = QualityWorld("\n")
    assert evaluations.count_of(stored(world)) == ItemCount(items=0, least=50)
