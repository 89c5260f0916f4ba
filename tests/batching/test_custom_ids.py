"""Names by their hashes: the table answers as a dictionary of whole names would."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching.custom_ids import UNKNOWN, CustomIds, LineState
from tests.batching.batch_lines import LINE, request

NAMES = st.lists(st.integers(0, 40).map(lambda number: f"r-{number}"), max_size=60)


@given(answers=NAMES, lines=NAMES)
def test_each_line_is_new_answered_or_a_duplicate_as_in_a_dictionary(answers: list[str], lines: list[str]) -> None:
    ids, seen = CustomIds(), set[str]()
    for name in answers:
        ids.add_answer(name, request(custom_id=name).digest)
    for name in lines:
        expected = LineState.ANSWERED if name in answers else LineState.NEW
        state = ids.add_line(request(custom_id=name))
        assert state is (LineState.DUPLICATE if name in seen else expected)
        assert ids.is_answered(name) is (name in answers)
        seen.add(name)
    assert {name for name in [*answers, "another"] if ids.is_line(name)} == seen & set(answers)
    assert len(ids) == len({*answers, *lines})


def test_a_line_that_changed_since_it_was_answered_is_found() -> None:
    ids = CustomIds()
    ids.add_answer("r-1", request().digest)
    assert ids.add_line(request(url="/v1/responses")) is LineState.CHANGED


@given(st.sampled_from(["nothing", "answer", "foreign answer"]), st.integers(1, 9))
def test_a_line_that_changes_after_the_check_is_found_answered_or_not(before: str, tokens: int) -> None:
    ids, checked = CustomIds(), request()
    if before != "nothing":
        ids.add_answer("r-1", UNKNOWN if before == "foreign answer" else checked.digest)
    ids.add_line(checked)
    again = request(body=LINE["body"] | {"max_tokens": tokens})
    assert ids.is_unchanged(again) is (tokens == LINE["body"]["max_tokens"])
    assert not ids.is_unchanged(request(custom_id="r-2"))


def test_an_answer_of_another_program_counts_for_any_line_of_its_name() -> None:
    ids = CustomIds()
    ids.add_answer("r-1", UNKNOWN)
    assert ids.add_line(request()) is LineState.ANSWERED


def test_a_table_that_grows_forgets_nothing_and_takes_few_bytes() -> None:
    plain = request()
    tracemalloc.start()
    ids = CustomIds()
    for number in range(5000):
        ids.add_answer(f"r-{number}", plain.digest)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ids) == 5000
    assert all(ids.is_answered(f"r-{number}") for number in range(5000))
    assert not ids.is_answered("r-5000")
    assert taken <= 5000 * 2 / 0.75 * 16
