"""A draft model beside the model, and the events of a filling cache: what a replica shows of its inside."""

from typing import Final

import pytest
from openai import OpenAI

from house import tiny_images
from tests.node.engine_world import executed, serves
from tests.node.stories import Stage
from tests.node.vllm.real_engines import deployed, spec
from tests.node.vllm.test_what_it_answers import counter

pytestmark = pytest.mark.usefixtures("operated")

DRAFT: Final = {"method": "draftModel", "tokens": 2, "draft": {"source": f"oci://{tiny_images.DRAFT}"}}
KV_EVENTS: Final = '--kv-events-config={"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "tcp://*:5557"}'
LISTEN: Final = """
import json, urllib.request as u, msgspec, zmq
heard = zmq.Context.instance().socket(zmq.SUB)
heard.connect("tcp://127.0.0.1:5557"); heard.setsockopt(zmq.SUBSCRIBE, b""); heard.setsockopt(zmq.RCVTIMEO, 30000)
body = {"model": "chat", "prompt": "the ships come home in the evening . " * 60, "max_tokens": 2}
for _ in range(20):
    body["prompt"] = "again " + body["prompt"]  # another prefix each time: whoever joins late missed the last
    url, kind = "http://127.0.0.1:8000/v1/completions", {"Content-Type": "application/json"}
    request = u.Request(url, json.dumps(body).encode(), kind)
    u.urlopen(request, timeout=120).read()
    if heard.poll(2000):
        break
_, _, payload = heard.recv_multipart()
_, events, *_ = msgspec.msgpack.decode(payload)
print(*(event["type"] for event in events), sum(len(event["block_hashes"]) for event in events))
"""


def test_a_draft_model_drafts_tokens_and_kv_cache_events_are_published(stage: Stage) -> None:
    """The draft has the model's own weights: its drafts of a greedy answer are right, and that shows."""
    chat = deployed(stage, engine=spec(speculation=DRAFT, extraArgs=[KV_EVENTS])["engine"])
    serves(chat)
    with OpenAI(base_url=f"http://{chat.address()}/v1", api_key="none", max_retries=0, timeout=120) as openai:
        openai.completions.create(model="chat", prompt="the ships come home", max_tokens=60, temperature=0)
    guessed = counter(chat, "vllm:spec_decode_num_draft_tokens_total")
    assert guessed > 0
    assert counter(chat, "vllm:spec_decode_num_accepted_tokens_total") > guessed / 2
    *kinds, blocks = executed(chat, "python3", "-c", LISTEN).split()
    assert "BlockStored" in kinds
    assert int(blocks) > 0
