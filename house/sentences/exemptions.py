"""Texts of two words or more that are no sentence to a user, each kind with its reason; the page repeats the list."""

import ast
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Final

from house.sentences.patterns import shown
from house.sentences.sites import Site, source_text

_FAMILIES: Final = ("_metrics.py", "_families.py")
_METRICS: Final = ("_counter", "_gauge", "_histogram", "_summary", "MetricFamily", "Counter", "Gauge", "Histogram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One kind of text that is not collected."""

    what: str
    """For the page: what it is, and where else it can be read."""
    holds: Callable[[Site], bool]


def exemption_of(site: Site) -> Exemption | None:
    """The first rule by which a text is no sentence to a user."""
    return next((one for one in EXEMPTIONS if one.holds(site)), None)


def _below(*folders: str) -> Callable[[Site], bool]:
    return lambda site: site.module.path.startswith(folders)


def _called(names: Mapping[str, tuple[str, ...]]) -> Callable[[Site], bool]:
    """Match by called function and argument; without arguments: any."""

    def holds(site: Site) -> bool:
        wanted = names.get(site.callee.rpartition(".")[2])
        keyword = site.parameter or _keyword(site)
        return wanted is not None and (not wanted or keyword in wanted)

    return holds


def _keyword(site: Site) -> str:
    above = site.module.parents.get(site.node)
    return above.arg or "" if isinstance(above, ast.keyword) else ""


def _metric(site: Site) -> bool:
    family = site.callee.rpartition(".")[2].endswith(_METRICS) and site.parameter != "because"
    return family or (site.module.path.startswith("telemetry/") and site.module.path.endswith(_FAMILIES))


def _mechanism(site: Site) -> bool:
    """Comparisons, rules in CEL, regular expressions, PromQL, headers: text for machines."""
    above = site.module.parents.get(site.node)
    machine = site.module.path in _FOR_MACHINES or site.parameter == "cel" or site.callee.endswith(_MATCHING)
    return machine or isinstance(above, ast.Compare) or _headers(site)


def _headers(site: Site) -> bool:
    return any(one.startswith(_MACHINES_BEGIN) or "\r\n" in one for one in _texts(site))


def _texts(site: Site) -> list[str]:
    """Its literals; for a mere name, the text that it stands for."""
    return [source_text(one) for one in site.inside] or [shown(site.reading.parts)]


_MATCHING: Final = ("re.compile", ".startswith", ".endswith")
_MACHINES_BEGIN: Final = ("text/plain;", "Bearer ", "# HELP", "data: ", "event: ", "x-fairlead-", "app.kubernetes.io/")


def _constant(paths: Set[str]) -> Callable[[Site], bool]:
    """Constants of these files."""
    return lambda site: site.module.path in paths and site.module.function_of(site.node) is None


_FOR_MACHINES: Final = frozenset(
    {
        "autoscaler/samples/prometheus_queries.py",
        "cluster/pod_proxy.py",
        "cli/vllm_check_script.py",
        "engines/emulator.py",
        "engines/sglang/errors.py",
        "engines/sglang/parser_flags.py",
        "engines/sglang/parsers.py",
        "engines/sglang/preflight.py",
        "engines/tensorrt_llm/parser_flags.py",
        "engines/tensorrt_llm/parsers.py",
        "engines/vllm/errors.py",
        "engines/vllm/parser_flags.py",
        "engines/vllm/parsers.py",
        "engines/vllm/preflight.py",
        "objects/names.py",
        "telemetry/exposition.py",
    }
)

_OF_VLLM: Final = ("max_tokens: Input should", "max_tokens: Field required", "[max_tokens: Input", "Are you there?")

EXEMPTIONS: Final = (
    Exemption(
        what="what `fairlead engine` says as a real engine would: words of vLLM and SGLang, errors and log included",
        holds=_below("emulator/"),
    ),
    Exemption(
        what="the simulated world, which no command shows yet",
        holds=_below("simulator/engine/", "simulator/virtual_fleet/", "simulator/replay/"),
    ),
    Exemption(
        what="the page that `fairlead simulate --html` writes: a picture of it is in [back-testing](../backtesting.md)",
        holds=_below("cli/report/"),
    ),
    Exemption(
        what="descriptions of fields and kinds: `kubectl explain infd.spec` and [fields](fields.md)",
        holds=_called({"Field": ("description",), "Kind": ("about",)}),
    ),
    Exemption(
        what="help of commands and options: `fairlead --help`",
        holds=_called({"add_argument": (), "ArgumentParser": (), "add_parser": (), "add_argument_group": ()}),
    ),
    Exemption(
        what="help of commands and options, kept as constants",
        holds=_constant({f"cli/{name}.py" for name in ("batch", "calibrate", "engine", "evaluate", "main", "options")}),
    ),
    Exemption(
        what="the first lines of data files that Fairlead writes",
        holds=_constant({"simulator/timing/calibration_file.py"}),
    ),
    Exemption(
        what="help of metrics: [the operator's](metrics.md), [the autoscaler's](autoscaler-metrics.md), "
        "[the router's](router-metrics.md)",
        holds=_metric,
    ),
    Exemption(what="log lines below warning", holds=_called({"info": (), "debug": ()})),
    Exemption(
        what="internal errors that only a traceback shows",
        holds=_called({"AssertionError": (), "TypeError": (), "StillTerminating": (), "RuntimeError": ()}),
    ),
    Exemption(
        what="names of tasks, threads and spans",
        holds=_called({"create_task": ("name",), "Thread": ("name",), "ReadableSpan": ("name",), "Event": ()}),
    ),
    Exemption(
        what="vLLM's own words, where a router answers in its place, and the prompt of `fairlead selftest`",
        holds=lambda site: any(one.startswith(_OF_VLLM) for one in _texts(site)),
    ),
    Exemption(
        what="what an engine's own source says, as its checks cite it: [engines](engines.md)",
        holds=_called({"cited": ("source",)}),
    ),
    Exemption(
        what="names of number formats in checkpoints",
        holds=_constant({"sizing/quantization_config.py"}),
    ),
    Exemption(
        what="words by which a gateway guesses how hard a request is, and phrases of models that refuse",
        holds=_constant({"routing/models/difficulty.py", "routing/answers/answer_check.py"}),
    ),
    Exemption(
        what="rows of the usage export",
        holds=_below("accounting/usage_export.py"),
    ),
    Exemption(what="text for machines: CEL, regular expressions, PromQL, headers, Python sources", holds=_mechanism),
)
