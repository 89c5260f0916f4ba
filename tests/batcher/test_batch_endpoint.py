"""The address before anything is sent to it: which models it lists, and whether it can be used."""

from pathlib import Path

import pytest

from fairlead.batcher import batch_endpoint
from fairlead.batcher.batch_endpoint import AddressUnusable, BatchAddress, BatchEndpoint
from tests.batcher.sent_batches import NOON
from tests.emulator.living import living
from tests.router.planes import before, run_story
from tests.router.test_engine_requests import keyed


async def models(url: str, key: str = "") -> frozenset[str] | None:
    async with batch_endpoint.opened() as session:
        address = BatchAddress(url=url, key=key, time_out_s=5.0)
        return await BatchEndpoint(session, address, now=lambda: NOON).models()


def test_a_router_lists_the_models_of_its_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, **keyed(tmp_path)) as router:
            assert await models(router.url, "sk-1") == frozenset({"chat", "de"})
            with pytest.raises(
                AddressUnusable, match=r"it answers 401 unknown_key: it wants another key; name its file"
            ):
                await models(router.url, "sk-2")

    run_story(story())


def test_an_address_that_cannot_be_found_is_named() -> None:
    async def story() -> None:
        with pytest.raises(AddressUnusable, match=r"--to http://nowhere\.invalid: it does not answer: "):
            await models("http://nowhere.invalid")

    run_story(story())


@pytest.mark.parametrize("page", [b"[]", b'{"data": null}', b'{"data": ["chat"]}', b"{}", b"no", b'{"data": []}'])
def test_a_page_that_lists_nothing_leaves_the_choice_to_the_address(page: bytes) -> None:
    assert batch_endpoint._names(page) is None
