"""The fake API server answers as a real one does."""

import pytest

from fairlead.cluster.api_server import ApiServer
from tests.cluster.contract import QUICK_STORIES, Story
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run


@pytest.mark.parametrize("story", QUICK_STORIES, ids=lambda story: story.__name__)
def test_the_fake_answers_as_a_real_one(story: Story) -> None:
    async def scenario() -> None:
        async with FakeApi().connected() as connection:
            await story(ApiServer(connection), "serving")

    run(scenario())
