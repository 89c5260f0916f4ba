"""The size of an engine's KV cache: what its page says of itself, or what the configuration has of its revision."""

import asyncio
import json
from pathlib import Path

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.router.planes import Cluster, Raw, plane, run_story, written

PAGE = b"""# HELP vllm:num_requests_running x
vllm:num_requests_running{engine="0",model_name="chat"} 3.0
vllm:num_requests_waiting{engine="0",model_name="chat"} 1.0
vllm:kv_cache_usage_perc{engine="0",model_name="chat"} 0.25
vllm:cache_config_info{block_size="16",engine="0",kv_cache_size_tokens="None",num_gpu_blocks="100"} 1.0
"""


def sized(folder: Path, kv_tokens: int | None) -> Path:
    """The file of a router whose operator sized the revision r2."""
    path = written(folder, ["x:1"])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"revision": "r2", "kvTokens": kv_tokens}))
    return path


@pytest.mark.parametrize(
    ("label", "revision", "configured", "tokens"),
    [("None", "r2", 600, 600), ("900", "r2", 600, 900), ("None", "r1", 600, 1600), ("None", "r2", None, 1600)],
)
def test_blocks_alone_do_not_replace_the_size_that_the_fit_gives_a_revision(
    tmp_path: Path, label: str, revision: str, configured: int | None, tokens: int
) -> None:
    """Older releases of vLLM report no tokens, and blocks of 16 tokens are not what a model with windows holds. An
    engine of an earlier revision may run on another GPU."""
    page = PAGE.replace(b'size_tokens="None"', f'size_tokens="{label}"'.encode())

    async def story() -> None:
        cluster = Cluster()
        async with Raw(metrics=page).listening() as engine:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, ready=True, revision=revision))
            async with plane(sized(tmp_path, configured), cluster) as router:
                while not (found := await router.endpoints()) or found[0]["figures"] is None:
                    await asyncio.sleep(0.005)
                assert found[0]["kvTokens"] == tokens

    run_story(story())
