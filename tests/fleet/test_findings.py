"""How many findings a condition shows."""

from fairlead.fleet import findings


def test_few_findings_are_shown_whole_and_of_many_the_first_with_the_number_of_others() -> None:
    few = [f"finding {number}" for number in range(findings.MAX_SHOWN)]
    assert list(findings.shown(few)) == few
    assert list(findings.shown([*few, "the ninth", "the tenth"])) == [*few, "and 2 more"]
