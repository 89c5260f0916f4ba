import random

import pytest

from fairlead.simulator.virtual_fleet.cold_starts import (
    ColdStartDistribution,
    FixedColdStarts,
    LogNormalColdStarts,
    MeasuredColdStarts,
)


def drawn(starts: ColdStartDistribution, count: int = 4000) -> list[float]:
    chance = random.Random(5)  # noqa: S311  # a recorded seed, not a secret
    return sorted(starts.draw(chance) for _ in range(count))


def test_a_fixed_start_is_always_the_same() -> None:
    assert set(drawn(FixedColdStarts(42.0))) == {42.0}


def test_measured_starts_are_drawn_alike() -> None:
    starts = drawn(MeasuredColdStarts((30.0, 60.0, 300.0)))

    assert set(starts) == {30.0, 60.0, 300.0}
    assert starts.count(300.0) == pytest.approx(4000 / 3, rel=0.1)


def test_a_curve_goes_through_its_percentiles() -> None:
    starts = drawn(LogNormalColdStarts(p50=90.0, p95=400.0))

    assert starts[2000] == pytest.approx(90.0, rel=0.05)
    assert starts[3800] == pytest.approx(400.0, rel=0.1)


def test_equal_percentiles_are_a_fixed_start() -> None:
    assert drawn(LogNormalColdStarts(p50=90.0, p95=90.0), 10) == [pytest.approx(90.0)] * 10


def test_what_cannot_be_drawn_from_is_refused_with_a_way_out() -> None:
    with pytest.raises(ValueError, match="give at least one, or use Fixed"):
        MeasuredColdStarts(())
    with pytest.raises(ValueError, match="need 0 < p50 <= p95; swap them"):
        LogNormalColdStarts(p50=400.0, p95=90.0)
