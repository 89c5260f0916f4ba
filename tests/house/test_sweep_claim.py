"""engines.6: every workload counts, not their mean, and its figures are reported either way."""

from bench.gpu_serving.predict import MeasuredPrediction
from bench.sweep_prediction import REQUESTS, Prediction, workload
from prove.claimed import engine_sweep

NEAR = Prediction(seed=1, real_ms=4.0, simulated_ms=3.5, slowdown=1.2, running=3.5)
FAR = Prediction(seed=2, real_ms=4.0, simulated_ms=3.5, slowdown=1.0, running=5.0)


def test_one_workload_beyond_the_limit_is_enough() -> None:
    assert engine_sweep.holds([NEAR])
    assert not engine_sweep.holds([NEAR, FAR])
    assert not engine_sweep.holds([])


def test_a_gpu_s_workloads_count_one_by_one_too() -> None:
    near, far = (MeasuredPrediction(name="chat", real_ms=8.0, simulated_ms=8.0 * by) for by in (1.05, 1.2))
    assert near.words == "chat 8.00 and 8.40 ms (+5.0%)"
    assert engine_sweep.holds([near])
    assert not engine_sweep.holds([near, far])
    assert not engine_sweep.holds([])


def test_the_figures_of_each_workload_are_reported() -> None:
    assert engine_sweep.words("vLLM 0.32.0", [NEAR, FAR]) == (
        "real vLLM 0.32.0 on CPU, TPOT real and predicted: 4.00 and 3.50 ms (-12.5%; +5.0% with the sweep's "
        "points at 1.20 times their step by then; 3.5 requests at once), 4.00 and 3.50 ms (-12.5%; -12.5% with the "
        "sweep's points at 1.00 times their step by then; 5.0 requests at once)"
    )


def test_a_workload_repeats_and_fits_the_engine() -> None:
    requests = workload(1)
    assert requests == workload(1) != workload(2)
    assert len(requests) == REQUESTS
    assert max(one.prompt + one.reply for one in requests) < 1024
