"""The hash on a child: the same for the same intent, different for any other, also for removed fields."""

import copy

from fairlead.objects import applied_hash, drift
from tests.objects.specs import FULL, everything

CHILDREN = everything(FULL)


def test_stamping_twice_changes_nothing_and_the_original_stays_as_it_was() -> None:
    before = copy.deepcopy(CHILDREN)
    for child in CHILDREN:
        once = applied_hash.with_applied_hash(child)
        assert applied_hash.with_applied_hash(once) == once
    assert before == CHILDREN


def test_the_order_of_keys_makes_no_mark() -> None:
    for child in CHILDREN:
        turned = {field: child[field] for field in reversed(child)}
        assert applied_hash.with_applied_hash(turned) == applied_hash.with_applied_hash(child)


def test_a_count_changes_the_mark_of_engines() -> None:
    engines = copy.deepcopy(CHILDREN[-1])
    before = applied_hash.with_applied_hash(engines)
    engines["spec"]["replicas"] += 1
    mark = applied_hash.with_applied_hash(engines)["metadata"]["annotations"]["fairlead.dev/applied"]
    assert mark != before["metadata"]["annotations"]["fairlead.dev/applied"]
    assert len(mark) == 16


def test_a_removed_field_is_detected_by_the_applied_hash_alone() -> None:
    live = applied_hash.with_applied_hash(CHILDREN[-1])
    fewer = copy.deepcopy(CHILDREN[-1])
    del fewer["spec"]["template"]["spec"]["priorityClassName"]
    assert drift.differs(fewer, live) is None
    assert (
        drift.spelt(drift.differs(applied_hash.with_applied_hash(fewer), live))
        == "metadata.annotations.fairlead.dev/applied"
    )
