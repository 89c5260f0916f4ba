"""Adapters on the node with simulated engines: applied, served by all, moved, refused, and back after a death."""

from pathlib import Path

import pytest

from house import tiny_images
from tests.node.adapter_stage import (
    adapter_status,
    apply_adapter,
    completed,
    engine_part,
    open_hub,
    ready_reason,
    written,
)
from tests.node.operator_stage import Deployed, engine
from tests.node.stories import Stage
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")


def test_an_adapter_comes_to_every_replica_moves_and_survives_the_death_of_its_pods(
    stage: Stage, our_image: str, tmp_path: Path
) -> None:
    adapters = written(tmp_path)
    hub = open_hub(stage, our_image, tmp_path)
    simulated = engine()
    parts = engine_part(hub)
    both = simulated | parts | {"env": [*simulated["env"], *parts["env"]]}
    chat = Deployed(
        stage, engine=both, model={"source": "hf://acme/tiny", "servedName": "chat", "shape": dict(tiny_images.SHAPE)}
    )
    first = chat.serves().engines
    address = chat.address()
    assert completed(address, "sql")[0] == 404

    apply_adapter(chat, "sql", adapters["old"].version())
    eventually(lambda: completed(address, "sql")[0] == 200, "an answer", 30)
    eventually(lambda: ready_reason(chat, "sql")[0] == "AdapterLoaded", "loaded on both", 30)
    assert adapter_status(chat, "sql")["loaded"] == 2
    assert chat.observe().engines == first, "no replica was started for it"
    assert completed(address, "sql")[2] == adapters["old"].in_engine("sql")

    apply_adapter(chat, "sql", adapters["old"].version(0), adapters["new"].version(100))
    eventually(lambda: completed(address, "sql")[2] == adapters["new"].in_engine("sql"), "the new version answers", 30)
    apply_adapter(chat, "sql", adapters["old"].version(100), adapters["new"].version(0))
    eventually(lambda: completed(address, "sql")[2] == adapters["old"].in_engine("sql"), "the old version answers", 10)

    for name, words in {"wide": "its rank is 64", "foreign": "takes 32 inputs, and the model has 64"}.items():
        apply_adapter(chat, name, adapters[name].version())
        eventually(lambda: ready_reason(chat, name)[0] == "AdapterRefused", f"{name} is refused", 30)  # noqa: B023
        assert words in ready_reason(chat, name)[1]
        assert completed(address, name)[0] == 503
    for name in ("../x", "other", adapters["old"].in_engine("sql")):
        assert completed(address, name)[0] == 404

    stage.kubectl("delete", "pods", *first, "--wait=false")
    eventually(lambda: not (chat.observe().engines.keys() & first.keys()), "the old pods are gone", 60)
    chat.serves()
    for number in range(8):
        assert completed(address, "sql", f"question {number}")[0] == 200, "once ready, a replica has its adapters"
