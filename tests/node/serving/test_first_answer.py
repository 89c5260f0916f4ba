"""From `kubectl apply` to the first answer, with no manual step in between."""

import statistics
from typing import Final

import pytest

from tests.node.first_answers import measure_first_answer
from tests.node.serving.claims import Record
from tests.node.stories import Stage

pytestmark = pytest.mark.usefixtures("operated")

ROUNDS: Final = 3


def test_one_apply_leads_to_an_answer_within_seconds_of_the_engines_own_start(
    stage: Stage, record_property: Record
) -> None:
    measured = [measure_first_answer(stage, f"chat-{number}") for number in range(ROUNDS)]

    record_property("overhead_seconds", round(statistics.median(one.overhead for one in measured), 2))
    record_property("total_seconds", round(statistics.median(one.total for one in measured), 2))
    assert all(0 < one.engine < one.total for one in measured), "the claim controller.1 judges the seconds"
