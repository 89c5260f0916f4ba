"""The whole input before anything is sent: what it holds, or the first problems and how many there are."""

import zlib

from fairlead.batching import batch_check
from fairlead.batching.custom_ids import CustomIds
from tests.batching.batch_lines import LINE, request, text

CHANGED = "write to another --output, or delete the answer"


def test_requests_answers_and_models_are_counted() -> None:
    ids = CustomIds()
    ids.add_answer("r-1", request().digest)
    other = text(custom_id="r-3", body=LINE["body"] | {"model": "small"})
    lines = [text(), b"  \n", text(custom_id="r-2"), other]
    found = batch_check.check(enumerate(lines, start=1), ids)
    assert (found.requests, found.answered, found.faulty, found.problems) == (3, 1, 0, [])
    assert found.models == {"chat": 3, "small": 4}
    assert (found.lines, found.checksum) == (4, zlib.crc32(b"".join(lines)))


def test_the_same_name_twice_and_a_changed_line_are_refused() -> None:
    ids = CustomIds()
    ids.add_answer("r-1", request().digest)
    lines = [text(url="/v1/responses"), text(custom_id="r-2"), text(custom_id="r-2")]
    found = batch_check.check(enumerate(lines, start=1), ids)
    assert [one.sentence for one in found.problems] == [
        f"line 1: custom_id: r-1: the output has its answer, and the line has changed since; {CHANGED}",
        "line 3: custom_id: r-2: a line above has it too; give each line a name of its own",
    ]


def test_of_many_problems_the_first_are_shown_and_all_are_counted() -> None:
    found = batch_check.check(((number, b"{") for number in range(1, 41)), CustomIds())
    assert ([one.line for one in found.problems], found.faulty) == (list(range(1, 11)), 40)


def test_of_many_models_only_some_are_compared() -> None:
    lines = (text(custom_id=str(one), body=LINE["body"] | {"model": str(one)}) for one in range(1100))
    assert len(batch_check.check(enumerate(lines, start=1), CustomIds()).models) == batch_check.MAX_MODELS


def test_a_model_that_is_not_served_is_named_with_those_that_are() -> None:
    found = batch_check.unserved({"chta": 1, "chat": 2, "other": 9}, ["chat", "de"])
    assert [one.sentence for one in found] == [
        "line 1: body.model: chta: the address does not serve it, or not with this key; write chat",
        "line 9: body.model: other: the address does not serve it, or not with this key; write chat or de",
    ]
    assert batch_check.unserved({"x": 1}, [])[0].remedy == "write another --to"
