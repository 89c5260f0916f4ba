"""The API's claims: resources on a real API server, bad input, the memory estimate, vLLM's own verdict, plans."""

import os
from pathlib import Path
from typing import Final

from fitting import kv_starts
from house.tree import ROOT
from prove import fit_table, programs
from prove.claimed.house import all_pass
from prove.claims import Claim, Figure

TRACES: Final = "FAIRLEAD_TRACES"
MEDIAN, WITHIN, INSIDE, RATIO = 0.05, 0.90, 0.95, 1.4


def resources_on_a_real_server() -> Figure:
    """CRDs, samples, explain, cost budget and a second apply, on a kube-apiserver."""
    written = programs.module("house.crds", "--drift")
    tested = programs.pytest("tests/apiserver/test_crds.py", "tests/api/test_samples.py")
    return Figure(
        holds=tested.ok and tested.tests.all_passed and written.ok,
        text=f"{tested.tests}; crds/ {'is' if written.ok else 'is NOT'} what the models generate",
    )


def bad_input_is_refused() -> Figure:
    """The table of bad inputs, through every layer."""
    return all_pass(programs.pytest("tests/review", "tests/apiserver/test_bad_inputs.py", "tests/api"))


def memory_can_be_trusted() -> Figure:
    """The estimate against measured starts: those in FAIRLEAD_TRACES if it is set, else the excerpt's."""
    folder = traces()
    measured = folder / "kv-capacity.csv"
    text = (measured if measured.exists() else kv_starts.MEASURED).read_text(encoding="utf-8")
    catalogue = kv_starts.catalogue_here()
    points = [fit_table.judge(row, catalogue) for row in kv_starts.rows(text)]
    bars = fit_table.bars(points)
    holds = (
        bars.median_error <= MEDIAN and bars.within >= WITHIN and bars.inside >= INSIDE and bars.median_ratio <= RATIO
    )
    never = programs.pytest("tests/sizing/test_measured_starts.py")
    return Figure(
        holds=holds and never.ok and never.tests.all_passed,
        text=f"{len(points)} starts: median error {bars.median_error:.2%}, within 15 % {bars.within:.1%}, "
        f"inside low to high {bars.inside:.1%}, high/low {bars.median_ratio:.2f}; never `fits` where none starts: "
        f"{never.tests}",
    )


def vllm_agrees() -> Figure:
    """Real vLLM's parser and configuration on every sample and on every refusal that mirrors it."""
    return all_pass(programs.pytest("-m", "vllm", "tests/vllm"))


def plans_are_proposed() -> Figure:
    """Plans of two recorded workloads, and the properties that must hold for all."""
    proposals = []
    for trace, model in (
        ("azure-llm-2023-conv.csv.gz", "meta-llama/Llama-3.1-8B-Instruct"),
        ("servegen/m-large-rates.csv.gz", "meta-llama/Llama-3.1-70B-Instruct"),
    ):
        words = ("plan", model, "--trace", str(traces() / trace), "--ttft-p95", "1s", "--tpot-p95", "60ms", "--no-play")
        proposals.append(programs.module("fairlead", *words))
    held = programs.pytest("tests/sizing/test_capacity_planning.py", "tests/sizing/test_traces.py")
    firsts = "; ".join(one.output.splitlines()[0] if one.output else "nothing" for one in proposals)
    return Figure(
        holds=all(one.ok for one in proposals) and held.ok and held.tests.all_passed,
        text=f"Azure, then ServeGen m-large: {firsts}; properties: {held.tests}",
    )


def traces() -> Path:
    """The folder of recorded traffic."""
    named = os.environ.get(TRACES)
    return Path(named) if named else ROOT.parent / "shared" / "traces"


CLAIMS: Final = (
    Claim(
        item="api.1",
        title="On a real API server the definitions are structural, samples pass a dry run, `kubectl explain` reads "
        "well, and applying twice changes nothing",
        prove=resources_on_a_real_server,
    ),
    Claim(
        item="api.2",
        title="At least 80 bad inputs are each refused at the earliest layer that can know, with field, value, reason "
        "and remedy; nothing stored becomes unreadable",
        prove=bad_input_is_refused,
        slow=True,
    ),
    Claim(
        item="api.3",
        title="KV capacity against 68 measured starts: median error of `likely` at most 5 %, nine of ten within 15 %, "
        "95 % inside low to high, high/low at most 1.4 at the median, never `fits` where none starts",
        prove=memory_can_be_trusted,
    ),
    Claim(
        item="api.4",
        title="vLLM's own parser and configuration accept every sample's arguments, and confirm each refusal that "
        "mirrors them and needs no GPU",
        prove=vllm_agrees,
        slow=True,
    ),
    Claim(
        item="api.5",
        title="`fairlead plan` proposes fleets for the Azure and ServeGen traces; more load is never answered with "
        "less capacity, a tighter objective never with a cheaper fleet",
        prove=plans_are_proposed,
    ),
)
