"""Variants of a swept deployment as the simulator and the fit predict them, and as measured on the same card.

Of the sweep only the command as given is used: steps in another format, and a cache's tokens beside a draft, are the
predictions for any user who sets the field.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from bench.gpu_serving.predict import MeasuredPrediction
from fairlead.cli.sweep.swept_kinds import KINDS
from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.packaged_data import PackagedData
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep.measurements import StepMeasurement, SweepRecord, SweepWork

DRAFTS: Final = {
    EngineVariant.DRAFT: "meta-llama/Llama-3.2-1B-Instruct",
    EngineVariant.EAGLE3: "yuhuili/EAGLE3-LLaMA3.1-Instruct-8B",
}
"""The models whose shapes the drafts of the sweeps had."""

PROMISED: Final = frozenset(
    {
        EngineVariant.AS_GIVEN,
        EngineVariant.FP8,
        EngineVariant.KV_FP8,
        EngineVariant.NGRAM_GPU,
        EngineVariant.DRAFT,
        EngineVariant.EAGLE3,
    }
)
"""Variants whose caches are compared."""


class KvPrediction(NamedTuple):
    """Tokens of a KV cache, as the engine reported and as the fit predicted before it started."""

    variant: EngineVariant
    measured: int
    promised: int

    @property
    def error(self) -> float:
        """Signed: positive if more was predicted."""
        return self.promised / self.measured - 1

    @property
    def words(self) -> str:
        """`kvFp8: 917,792 tokens, promised 917,312 (-0.1%)`."""
        return f"{self.variant}: {self.measured:,} tokens, promised {self.promised:,} ({self.error:+.1%})"


def predictions(variant: EngineVariant = EngineVariant.FP8, *, swept: bool = True) -> list[MeasuredPrediction]:
    """Decode steps of every packaged sweep that has this variant; not `swept`: as if none of them were measured."""
    packaged = packaged_data.load()
    sweeps = packaged.sweeps if swept else tuple(_without(sweep, variant) for sweep in packaged.sweeps)
    used = replace(packaged, sweeps=sweeps)
    made = [(sweep, _provided(sweep, used, variant).times) for sweep in packaged.sweeps]
    return [_prediction(one, times) for sweep, times in made for one in _measured(sweep, variant)]


def _without(sweep: SweepRecord, variant: EngineVariant) -> SweepRecord:
    return replace(sweep, steps=tuple(one for one in sweep.steps if one.point.variant is not variant))


def capacities() -> list[KvPrediction]:
    """Predict every variant that was started; its last start counts."""
    packaged = packaged_data.load()
    return [
        KvPrediction(variant, tokens, _promised(_provided(sweep, packaged, variant)))
        for sweep in packaged.sweeps
        for variant, tokens in _started(sweep).items()
    ]


def _promised(made: EngineProvision) -> int:
    return made.settings.blocks * made.settings.block_tokens


def _started(sweep: SweepRecord) -> dict[EngineVariant, int]:
    return {one.variant: one.capacity.tokens for one in sweep.starts if one.variant in PROMISED and one.capacity}


def _measured(sweep: SweepRecord, variant: EngineVariant) -> list[StepMeasurement]:
    return [one for one in sweep.steps if (one.point.variant, one.point.work) == (variant, SweepWork.DECODE)]


def _provided(sweep: SweepRecord, packaged: PackagedData, variant: EngineVariant) -> EngineProvision:
    swept, kind = sweep.deployment, KINDS[sweep.deployment.kind]
    flags = kind.drafting(variant, DRAFTS[variant]) if variant in DRAFTS else kind.flags(variant)
    words = [*dialects.DIALECTS[swept.kind].words, swept.model, *swept.command, *flags]
    machine = EmulatedMachine(swept.product, swept.tensor)
    return provision.provide(dialects.read(words, {}), machine, emulation_knobs.read({}), packaged)


def _prediction(one: StepMeasurement, times: StepTimes) -> MeasuredPrediction:
    line = times.decode_line(one.point.batch, int(one.decode_tokens))
    real_ms = 1e3 * one.seconds / one.steps
    name = f"{one.point.batch} decoding at {one.point.context:,}"
    return MeasuredPrediction(name=name, real_ms=real_ms, simulated_ms=1e3 * line.seconds(one.attended))
