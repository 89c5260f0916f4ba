"""The cold start to plan with follows image pulls that become shorter."""

from fairlead.fleet.policies import ColdStart
from fairlead.scaling.learn import cold_starts


def test_once_images_are_pulled_in_advance_the_plan_follows_within_half_of_the_starts_it_keeps() -> None:
    """`spec.prePull` needs no other setting: of twelve starts with a pull of five minutes, seven have none now."""
    waits = (300.0,) * 12
    plans = []
    for number in range(8):
        kept = (*waits, *(1.0,) * number)[-cold_starts.MAX_STARTS :]
        starts = cold_starts.ColdStartTimes(revision="new", seconds=(60.0,) * 12, waits=kept, until=0.0)
        plans.append(cold_starts.horizon((starts,), "new", ColdStart(assume_seconds=100.0)))
    assert plans == [360.0] * 6 + [61.0] * 2
