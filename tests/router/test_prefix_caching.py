"""Similar prompts go to the same replica only where engines keep prefixes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.living import QUICK, living
from tests.router.planes import plane, run_story, written

PROMPT: dict[str, Any] = {"model": "chat", "max_tokens": 2, "prompt": "The same long introduction. " * 200}


@pytest.mark.parametrize("caches", [True, False])
def test_replicas_are_chosen_by_prefix_only_where_engines_cache_prefixes(tmp_path: Path, caches: bool) -> None:
    async def story() -> None:
        async with living(QUICK, QUICK) as engines:
            config = written(tmp_path, [one.address for one in engines])
            config.write_text(json.dumps(json.loads(config.read_text()) | {"prefixCaching": caches}))
            async with plane(config) as router:
                await router.until("routable", "routable")
                for _ in range(6):
                    assert (await router.complete(PROMPT))[0] == 200
                by_prefix = await router.metric('fairlead_router_picks_total{reason="prefix"}')
                by_load = await router.metric('fairlead_router_picks_total{reason="least_loaded"}')
                assert (by_prefix, by_load) == ((5, 1) if caches else (0, 6))

    run_story(story())
