import random
from itertools import pairwise

import pytest

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic import client_mix
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.client_mix import ClientMixWindow, ClientRate
from tests.simulator.virtual_fleet.excerpts import lines

RATES, LENGTHS = lines("servegen-rates-excerpt.csv"), lines("servegen-lengths-excerpt.csv")
FIRST, SECOND, THIRD = client_mix.windows(RATES, LENGTHS)


def streams(name: str) -> RandomSource:
    return random.Random(f"7/{name}")  # noqa: S311  # a recorded seed


def lived(window: ClientMixWindow) -> list[RequestArrival]:
    return list(client_mix.arrivals(window, streams))


def test_windows_come_in_order_with_their_clients() -> None:
    assert [window.start for window in (FIRST, SECOND, THIRD)] == [0.0, 600.0, 1200.0]
    assert {one.client for one in FIRST.rates} > {"0", "4", "15"}
    assert [window.start for window in client_mix.windows(RATES, LENGTHS, since=600.0)] == [600.0, 1200.0]


def test_a_window_has_exactly_the_requests_of_its_rates() -> None:
    arrivals = lived(FIRST)

    assert len(arrivals) == FIRST.requests == sum(round(one.rate * 600) for one in FIRST.rates)
    assert sum(arrival.client == "0" for arrival in arrivals) == round(1.3317 * 600)


def test_arrivals_lie_in_their_window_in_order() -> None:
    arrivals = lived(SECOND)

    assert all(earlier.time <= later.time for earlier, later in pairwise(arrivals))
    assert arrivals[0].time >= 600.0
    assert arrivals[-1].time < 1200.0


def test_lengths_follow_the_client_s_table() -> None:
    prompts = sorted(arrival.prompt_tokens for arrival in lived(FIRST) if arrival.client == "0")

    assert prompts[len(prompts) // 2] == pytest.approx(282, rel=0.05)
    assert prompts[0] >= 224
    assert prompts[-1] <= 5073


def test_a_client_without_lengths_takes_those_of_the_others_by_their_rate() -> None:
    unknown = {one.client for one in FIRST.rates} - set(FIRST.lengths)
    arrivals = lived(FIRST)
    guessed = [arrival.prompt_tokens for arrival in arrivals if arrival.client in unknown]
    entries = [arrival.prompt_tokens for arrival in arrivals if arrival.client not in unknown]

    assert {"15", "21", "41", "44", "66"} <= unknown
    assert sum(guessed) / len(guessed) == pytest.approx(sum(entries) / len(entries), rel=0.05)


def test_a_window_is_the_same_whether_others_were_lived_before_it_or_not() -> None:
    lived(FIRST)
    again = next(client_mix.windows(RATES, LENGTHS, since=600.0))

    assert lived(again) == lived(SECOND)


def test_a_part_of_the_day_has_the_requests_that_the_whole_has_there() -> None:
    whole = lived(FIRST) + lived(SECOND)
    part = list(client_mix.between((FIRST, SECOND, THIRD), streams, since=550.0, until=650.0))

    assert part == [arrival for arrival in whole if 550 <= arrival.time < 650]
    assert part[0].time < 600 < part[-1].time


def test_a_client_that_sends_less_than_one_request_a_window_is_left_out() -> None:
    seldom = ClientMixWindow(
        start=0.0, rates=(ClientRate("0", 0.0005, weibull=False, shape=1.0),), lengths=FIRST.lengths
    )

    assert lived(seldom) == []


def test_where_no_client_present_has_lengths_all_known_stand_in() -> None:
    stranger = ClientMixWindow(
        start=0.0, rates=(ClientRate("new", 0.5, weibull=True, shape=1.0),), lengths=FIRST.lengths
    )

    assert len(lived(stranger)) == 300


def test_without_any_lengths_the_window_says_so() -> None:
    bare = ClientMixWindow(start=0.0, rates=FIRST.rates, lengths={})

    with pytest.raises(UnreadableTraffic, match="window 0: no client has lengths yet; start at a later window"):
        lived(bare)


class LongestGaps(random.Random):
    """Draws what makes the longest gap of a Weibull distribution."""

    def random(self) -> float:
        return 1.0 - 2.0**-53


def test_the_burstiest_shape_that_is_read_has_gaps_that_a_float_holds() -> None:
    header = "t_s,client,rate_rps,dist,shape"
    (window,) = client_mix.windows([header, f"0,a,0.1,W,{client_mix.MIN_SHAPE}"], LENGTHS)
    assert len(list(client_mix.arrivals(window, lambda _: LongestGaps()))) == window.requests == 60
    with pytest.raises(UnreadableTraffic, match=r"rates: line 2: shape is 0[.]005, and must be between 0[.]006"):
        list(client_mix.windows([header, "0,a,0.1,W,0.005"], LENGTHS))


def test_rows_that_are_none_are_named() -> None:
    with pytest.raises(UnreadableTraffic, match="rates: line 1: the header lacks rate_rps, dist, shape"):
        list(client_mix.windows(["t_s,client", "0,1"], LENGTHS))
    with pytest.raises(UnreadableTraffic, match="lengths: line 2: p0 is many, and must be a number"):
        list(client_mix.windows(RATES, ["t_s,client,field,p0", "0,1,input_tokens,many"]))
