"""The budget of a cascade's extra answers is for those that a larger model is requested for."""

import asyncio
from pathlib import Path

from tests.router.gateways import endpoints, posted, routable, target, written
from tests.router.planes import Plane, Raw, plane, run_story, whole
from tests.router.test_judged_answers import CHAT, GOOD, QUESTION, answer, cascade


async def held(router: Plane, outcome: str) -> float:
    """How many answers of the small model that did not pass ended so."""
    labels = f'model="chat",target="ns/s",result="empty",outcome="{outcome}"'
    return await router.metric(f"fairlead_router_held_answers_total{{{labels}}}")


def test_answers_that_no_larger_replica_could_replace_cost_none_of_the_budget(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[answer("")] * 5).listening() as small, Raw(answer(GOOD)).listening() as large:
            proved, large.to_probes = large.to_probes, whole(b"{}", 500)
            targets = [target("s", small.address), target("l", large.address)]
            config = written(tmp_path, targets, [cascade("s", "l", maxExtraShare=0.25)])
            async with plane(config) as router:
                while "routable" not in [one["state"] for one in await endpoints(router)]:
                    await asyncio.sleep(0.005)
                answered = [(await posted(router, QUESTION, CHAT))[1]["x-fairlead-target"] for _ in range(4)]
                assert answered == ["ns/s"] * 4
                assert await held(router, "no_other") == 4
                large.to_probes = proved
                await routable(router)
                assert (await posted(router, QUESTION, CHAT))[1]["x-fairlead-target"] == "ns/l"

    run_story(story())
