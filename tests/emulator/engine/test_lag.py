"""When a process reports that it cannot keep its simulated times."""

from fairlead.emulator.engine.lag import StepLag


def late(lag: StepLag, seconds: float, begins: float, steps: int = 65) -> None:
    """This many steps, ten a second."""
    for step in range(steps):
        lag.add(seconds, begins + step * 0.1)


def test_one_late_step_is_a_hiccup() -> None:
    lag = StepLag(0.25)
    for step in range(80):
        lag.add(0.09 if step == 10 else 0.0005, 10 + step * 0.1)

    assert (lag.slipping, lag.too_far, lag.steps_late) == (False, False, 1)


def test_three_seconds_of_late_steps_are_reported_and_as_many_of_very_late_ones_refuse_work() -> None:
    lag = StepLag(0.25)
    late(lag, 0.02, 10)
    assert (lag.slipping, lag.too_far, round(lag.mean, 6)) == (True, False, 0.02)
    late(lag, 0.3, 20)
    assert (lag.slipping, lag.too_far, lag.least) == (True, True, 0.3)
    late(lag, 0.001, 30)
    assert (lag.slipping, lag.too_far) == (False, False)


def test_lag_is_logged_in_one_line_every_ten_seconds_at_most() -> None:
    lines: list[str] = []
    lag = StepLag(0.25, lines.append)
    late(lag, 0.05, 10, steps=100)
    late(lag, 0.4, 20, steps=80)

    assert lines == [
        "WARNING (simulated) 50 ms behind its model on average: latencies are no longer the model's",
        "WARNING (simulated) at least 400 ms behind its model: new requests are refused",
    ]


def test_an_idle_engine_has_no_lag() -> None:
    lag = StepLag(0.25)
    late(lag, 2.0, 10)
    lag.rest()

    assert (lag.slipping, lag.too_far) == (False, False)
