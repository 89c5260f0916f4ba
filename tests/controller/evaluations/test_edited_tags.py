"""Tags of items that are edited while a canary is judged: the verdict follows them, and no item is sent again."""

import json

from tests.controller.quality_trials import CONCURRENCY, QualityWorld


def tagged(count: int, *tags: str) -> str:
    """Items with these tags."""
    texts = (f"question {number}" for number in range(count))
    return "".join(f"{json.dumps({'input': one, 'target': one, 'tags': list(tags)})}\n" for one in texts)


def test_items_that_were_put_into_one_cluster_by_mistake_decide_once_their_tags_are_right() -> None:
    world = QualityWorld(tagged(150, "cluster:all"))
    assert world.until("Undecided")["reason"] == "TooFewClusters"
    sent = world.pod_client.sent.total()
    world.write(tagged(150, "law"), concurrency=CONCURRENCY)
    assert world.until("Passed")["reason"] == "NotWorse"
    assert world.pod_client.sent.total() == sent
