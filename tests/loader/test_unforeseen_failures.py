"""A failure of a kind that was not foreseen is a failed try like any other: it is shown, and the replica serves."""

import asyncio
from dataclasses import replace
from pathlib import Path

from fairlead.fleet.adapters import AdapterPlace, AdapterReason, AdapterState
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from tests.loader.pretended_servers import PretendedRegistry, served
from tests.loader.test_loop import adapter, listed, replica


def test_a_manifest_of_another_form_neither_hides_nor_keeps_the_replica_from_serving(tmp_path: Path) -> None:
    async def story() -> None:
        pretended = PretendedRegistry()
        pretended.push_manifest("v1", {"layers": ["a layer without a digest"]})
        async with replica(tmp_path) as one, served(*pretended.routes()) as address:
            source = ModelSource(scheme=SourceScheme.OCI, location=f"{address}/acme/sql:v1")
            wanted = replace(adapter(tmp_path), source=source)
            one.loop.take(listed(wanted))
            await one.turns()
            words = "'str' object has no attribute 'get'"
            assert one.loop.places == (
                AdapterPlace(
                    name=wanted.name,
                    state=AdapterState.FAILED,
                    reason=AdapterReason.SOURCE_UNREADABLE,
                    message=f"AttributeError while its source was read: {words}; see the loader's log",
                ),
            )
            assert one.is_ready(), "an adapter that cannot be loaded keeps no replica back"

    asyncio.run(story())
