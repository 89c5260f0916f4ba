"""What is sent for an item, and how kept lines are split."""

import json

from fairlead.evaluating import item_file, journal, requests
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.scorers import ScorerSettings

ITEM = item_file.read([b'{"input": "hello", "target": "HELLO"}'], ScorerSettings())[0][0]
MESSAGES = [{"role": "user", "content": "hello"}]


def test_a_request_is_greedy_with_a_limit() -> None:
    found = json.loads(requests.body(ITEM, "chat", RequestSettings(max_tokens=100)))
    assert found == {"model": "chat", "messages": MESSAGES, "max_tokens": 100, "temperature": 0.0, "seed": 0}


def test_a_judge_that_refuses_that_gets_room_to_think_under_the_other_name_and_no_temperature() -> None:
    found = json.loads(requests.plain_body(ITEM, "gpt", RequestSettings(max_tokens=100)))
    assert found == {"model": "gpt", "messages": MESSAGES, "max_completion_tokens": 800}


def test_kept_lines_end_at_line_feeds_alone() -> None:
    assert journal.lines_of("one\u2028two\u0085\nthree\n") == ["one\u2028two\u0085", "three", ""]
