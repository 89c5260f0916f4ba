"""Reviews of a deployment on CPU: sized by its memory, with its cache size set."""

from typing import Any

from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.fit import Fit, FitVerdict, NoFit
from fairlead.review import admission, engine_timing, replica_facts
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason, Review
from tests.review.table import CONTEXT, deployment

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
SMALL = {"source": "hf://Qwen/Qwen2.5-0.5B-Instruct"}
GIB = 1 << 30


def reviewed(memory: str = "8Gi", **spec: Any) -> Review:  # noqa: ANN401  # any field of a spec
    given = {"model": SMALL, "engine": {"context": {"maxTokens": 4096}}} | spec
    return admission.review(deployment(accelerator={"product": "CPU", "cores": 4, "memory": memory}, **given), OFFLINE)


def test_a_small_model_fits_and_its_engine_gets_the_cache_size() -> None:
    review = reviewed()

    assert (review.refusals, review.warnings) == ((), ())
    assert isinstance(review.fit, Fit)
    assert review.fit.verdict is FitVerdict.FITS
    assert review.setup is not None
    assert review.setup.kv_bytes == 2 * GIB == review.fit.memory.kv.likely
    assert replica_facts.replica(review).kv_tokens == int(review.fit.kv_tokens.likely)


def test_it_is_launched_with_what_the_review_decided() -> None:
    review = reviewed("16Gi")
    assert review.engine is not None
    assert review.setup is not None
    launch = review.engine.launch(review.setup, engine_timing.of(review))

    given = {one.name: one.value for one in launch.environment}
    assert given["VLLM_CPU_KVCACHE_SPACE"] == str(review.setup.kv_bytes // GIB if review.setup.kv_bytes else None)
    assert launch.command[-1] == "--enforce-eager"


SGLANG = {"kind": "SGLang", "image": "localhost/fairlead-sglang-cpu:0.5.23", "context": {"maxTokens": 4096}}


def test_an_engine_whose_cache_is_set_in_tokens_gets_those_that_the_fit_counted() -> None:
    review = reviewed(engine=SGLANG)
    assert isinstance(review.fit, Fit)
    assert review.fit.verdict is FitVerdict.FITS
    assert review.engine is not None
    assert review.setup is not None
    command = review.engine.launch(review.setup, engine_timing.of(review)).command

    assert command[command.index("--max-total-tokens") + 1] == str(int(review.fit.kv_tokens.likely))
    assert review.fit.memory.weights.likely < vllms().memory.weights.likely, "nothing is packed a second time"


def test_what_has_no_room_for_it_is_refused_without_a_least_cache() -> None:
    review = reviewed("8Gi", engine=SGLANG, model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"})
    (refusal,) = review.refusals

    assert (refusal.field, "least cache" in refusal.because) == ("spec.accelerator.memory", False)


def vllms() -> Fit:
    """The same model's fit with vLLM."""
    fit = reviewed().fit
    assert isinstance(fit, Fit)
    return fit


def test_what_is_tight_is_warned_of_with_the_field_to_raise() -> None:
    (warning,) = reviewed("4Gi").warnings

    assert (warning.field, warning.value, warning.reason) == (
        "spec.accelerator.memory",
        "4 GiB",
        AdmissionReason.FIT_IS_TIGHT,
    )
    assert warning.remedy.startswith("raise it, since weight files")
    assert len(warning.sentence) <= 2 * 240


def test_what_does_not_fit_is_refused_with_more_memory() -> None:
    review = reviewed("8Gi", model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"})
    (refusal,) = review.refusals

    assert (refusal.field, refusal.value) == ("spec.accelerator.memory", "8 GiB")
    assert refusal.remedy.startswith(
        "what fits, smallest change first: 48 GiB (spec.accelerator.memory); or spec.fitCheck"
    )
    assert isinstance(review.fit, NoFit)


def test_an_unknown_model_is_admitted_and_its_cache_size_stays_unset() -> None:
    review = reviewed("16Gi", model={"source": "hf://nobody/knows"})

    assert review.refusals == ()
    assert [one.reason for one in review.warnings] == [AdmissionReason.FIT_UNKNOWN]
    assert review.setup is not None
    assert review.setup.kv_bytes is None


def test_an_installation_names_the_image_of_its_own_build() -> None:
    images = {EngineKind.VLLM: "registry.example/vllm-cpu:0.32.0"}
    context = ReviewContext(catalogue=CONTEXT.catalogue, releases=engines.releases("own:1", images))
    on_cpu = {"product": "CPU", "cores": 4, "memory": "8Gi"}

    def image(**spec: Any) -> str:  # noqa: ANN401  # any field of a spec
        setup = admission.review(deployment(model=SMALL, **spec), context).setup
        assert setup is not None
        return setup.engine.image

    assert image(accelerator=on_cpu) == "registry.example/vllm-cpu:0.32.0"
    assert image(accelerator=on_cpu, engine={"version": "0.32.1"}) == "registry.example/vllm-cpu:0.32.1"
    assert image(accelerator=on_cpu, engine={"image": "own/vllm:9"}) == "own/vllm:9"
    assert image() == "vllm/vllm-openai:v0.32.0"
    assert image(engine={"kind": "Simulated"}) == "own:1"
