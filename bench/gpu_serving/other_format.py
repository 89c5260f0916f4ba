"""Decode steps of FP8 weights as the simulator has them from a sweep in 16 bits, and as they were measured there."""

from bench.gpu_serving.predict import MeasuredPrediction
from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine
from fairlead.emulator.packaged_data import PackagedData
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep.measurements import EngineVariant, StepMeasurement, SweepRecord, SweepWork


def predictions() -> list[MeasuredPrediction]:
    """Of every packaged sweep in 16 bits."""
    packaged = packaged_data.load()
    return [_prediction(one, _times(sweep, packaged)) for sweep in packaged.sweeps for one in _measured(sweep)]


def _measured(sweep: SweepRecord) -> list[StepMeasurement]:
    wanted = EngineVariant.FP8, SweepWork.DECODE
    return [one for one in sweep.steps if (one.point.variant, one.point.work) == wanted]


def _times(sweep: SweepRecord, packaged: PackagedData) -> StepTimes:
    swept = sweep.deployment
    words = [*dialects.DIALECTS[swept.kind].words, swept.model, *swept.command, "--quantization", "fp8"]
    machine = EmulatedMachine(swept.product, swept.tensor)
    return provision.provide(dialects.read(words, {}), machine, emulation_knobs.read({}), packaged).times


def _prediction(one: StepMeasurement, times: StepTimes) -> MeasuredPrediction:
    line = times.decode_line(one.point.batch, int(one.decode_tokens))
    real_ms = 1e3 * one.seconds / one.steps
    return MeasuredPrediction(
        name=f"{one.point.batch} decoding", real_ms=real_ms, simulated_ms=1e3 * line.seconds(one.attended)
    )
