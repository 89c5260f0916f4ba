"""We refuse each bad spec with its field and remedy; the API server's messages are checked in its own lane."""

import pytest

from fairlead.api import field_rules
from fairlead.api.kinds import API_VERSION
from fairlead.api.object_reader import read_strict
from tests.api.bad import Bad
from tests.api.bad_specs import BAD
from tests.api.objects import written


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.story)
def test_a_bad_spec_is_refused_once_with_its_field_and_what_to_do(bad: Bad) -> None:
    document = {"apiVersion": API_VERSION, "kind": bad.kind.name, "metadata": {"name": bad.name}, "spec": bad.spec}
    reading = read_strict(document, bad.kind)

    assert reading.value is None
    assert [one.field for one in reading.problems] == [bad.at]
    assert bad.wording in reading.problems[0].sentence


def test_every_rule_between_fields_has_a_bad_spec() -> None:
    entries = {
        (problem.field.rsplit(".", 1)[-1], problem.remedy)
        for bad in BAD
        for problem in read_strict(written(bad.spec, kind=bad.kind), bad.kind).problems
    }
    assert [rule for rule in field_rules.RULES if (rule.field.rsplit(".", 1)[-1], rule.remedy) not in entries] == []
