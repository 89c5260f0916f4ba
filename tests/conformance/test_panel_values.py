"""Prometheus' own engine answers panels from series whose right sum is plain to see."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from house.tree import ROOT
from monitoring import files
from tests.monitoring.test_queries import panels, plain

PROMTOOL: Final = shutil.which("promtool")
OF: Final = 'namespace="demo", fairlead_dev_deployment="chat"'
FLEET: Final = '{namespace="demo", fairlead_dev_deployment="chat"}'

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: python -m house.prometheus_server installs")


def shows(folder: Path, panel: str, series: Mapping[str, str], *wanted: Mapping[str, float]) -> None:
    """Each query of the panel shows these values by their labels after twenty minutes of these series."""
    queries = [plain(query) for where, query, _ in panels() if where == panel]
    assert len(queries) == len(wanted), panel
    rules = folder / "rules.yaml"
    rules.write_text(files.rules(), encoding="utf-8")
    story = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": query,
                        "eval_time": "20m",
                        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
                    }
                    for query, samples in zip(queries, wanted, strict=True)
                ],
            }
        ],
    }
    path = folder / "panels.test.yaml"
    path.write_text(yaml.safe_dump(story, width=10**6), encoding="utf-8")
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def sglang(name: str, **labels: str) -> str:
    ranks = {"pp_rank": "0", "priority": "", "pod": "chat-1"} | labels
    written = ", ".join(f'{key}="{value}"' for key, value in ranks.items())
    return f"sglang:{name}{{{OF}, {written}}}"


def test_requests_in_sglang_are_counted_once_whatever_its_stages_and_priorities(tmp_path: Path) -> None:
    series = {
        sglang(name, pp_rank=stage, priority=priority): value
        for name, value in (("num_running_reqs", "10x30"), ("num_queue_reqs", "3x30"))
        for stage in ("0", "1")
        for priority in ("", "5")
    }
    series[sglang("num_running_reqs", pod="chat-2")] = "7x30"
    shows(tmp_path, "fleet: Requests in engines", series, {FLEET: 17}, {FLEET: 3})


def test_requests_that_sglang_put_back_are_counted_once_whatever_its_stages(tmp_path: Path) -> None:
    put_back = {sglang("num_retracted_requests_total", pp_rank=stage): "0+60x30" for stage in ("0", "1")}
    shows(tmp_path, "fleet: Requests put back because memory was short", put_back, {FLEET: 1})


def test_requests_in_tensorrt_llm_are_shown_beside_those_of_other_deployments(tmp_path: Path) -> None:
    other = 'namespace="demo", fairlead_dev_deployment="other"'
    series = {
        f'trtllm_num_requests_running{{{OF}, pod="chat-1"}}': "4x30",
        f'trtllm_num_requests_waiting{{{OF}, pod="chat-1"}}': "2x30",
        f'vllm:num_requests_running{{{other}, pod="other-1"}}': "1x30",
        f'vllm:num_requests_waiting{{{other}, pod="other-1"}}': "0x30",
    }
    shows(tmp_path, "fleet: Requests in engines", series, {f"{{{other}}}": 1, FLEET: 4}, {f"{{{other}}}": 0, FLEET: 2})


def test_replicas_of_several_deployments_are_added_up_and_each_is_counted_once(tmp_path: Path) -> None:
    """Every router shows all replicas of its deployment, and one that has just started fewer."""
    other = 'namespace="shop", fairlead_dev_deployment="gateway/company"'
    series = {
        f'fairlead_router_endpoints{{{of}, pod="{pod}", state="{state}"}}': f"{count}x30"
        for of, pod, state, count in (
            (OF, "chat-router-1", "routable", 2),
            (OF, "chat-router-2", "routable", 1),
            (OF, "chat-router-1", "ejected", 1),
            (other, "company-router-1", "routable", 3),
            (other, "company-router-2", "routable", 3),
            (other, "company-router-1", "ejected", 2),
        )
    }
    shows(tmp_path, "service: Replicas that get requests", series, {"{}": 5})
    shows(tmp_path, "router: Replicas ejected", series, {"{}": 3})
    shows(tmp_path, "router: Replicas by state", series, {'{state="routable"}': 5, '{state="ejected"}': 3})
    waiting = {
        f'fairlead_router_adapters_waiting{{{of}, pod="{pod}"}}': "1x30"
        for of, pod in ((OF, "chat-router-1"), (OF, "chat-router-2"), (other, "company-router-1"))
    }
    held = {f'fairlead_router_requests_held{{{OF}, pod="chat-router-1"}}': "4x30"}
    panel = "router: Held, no replica routable; adapters without a slot"
    shows(tmp_path, panel, waiting | held, {"{}": 4}, {"{}": 2})


def test_objects_of_two_releases_are_added_up(tmp_path: Path) -> None:
    """A new leader shows for a moment what the one before it showed."""
    judged = 'kind="InferenceDeployment", condition="Ready", status="False", reason="NoneReady"'
    series = {
        f'fairlead_operator_objects{{namespace="{namespace}", pod="{pod}", {judged}}}': f"{count}x30"
        for namespace, pod, count in (("fairlead-system", "a", 2), ("fairlead-system", "b", 2), ("team-a", "a", 1))
    }
    shows(tmp_path, "fleet: Are deployments well?", series, {'{status="False", reason="NoneReady"}': 3})
    labels = '{kind="InferenceDeployment", condition="Ready", reason="NoneReady"}'
    shows(tmp_path, "operator: Conditions that say no", series, {labels: 3})


def test_nothing_is_shown_of_the_time_since_a_reconcile_before_one_has_succeeded(tmp_path: Path) -> None:
    gauge = 'fairlead_operator_last_success_timestamp_seconds{{namespace="fairlead-system", pod="{pod}"}}'
    new, old = gauge.format(pod="fairlead-1"), gauge.format(pod="fairlead-2")
    shows(tmp_path, "operator: Since a reconcile succeeded", {new: "0x30"}, {})
    shows(tmp_path, "operator: Since a reconcile succeeded", {new: "0x30", old: "900x30"}, {"{}": 300})


def test_what_engines_failed_is_not_shown_as_refused(tmp_path: Path) -> None:
    def results(result: str) -> str:
        return f'fairlead_router_results_total{{{OF}, result="{result}"}}'

    def refusals(reason: str) -> str:
        return f'fairlead_router_refusals_total{{{OF}, reason="{reason}"}}'

    series = {
        results("answered"): "0+600x30",
        results("engine_failed"): "0+120x30",
        results("refused"): "0+480x30",
        refusals("replica_timeout"): "0+180x30",
        refusals("queue_full"): "0+300x30",
    }
    shows(tmp_path, "service: Share that failed", series, {"{}": 0.25}, {"{}": 0.25})


def test_tokens_that_a_gateways_deployments_write_have_a_price(tmp_path: Path) -> None:
    tokens = 'fairlead_router_output_tokens_total{namespace="infra", fairlead_dev_deployment="gateway/company"'
    series = {
        'fairlead_autoscaler_pods{namespace="demo", name="chat", phase="ready"}': "1x30",
        'fairlead_autoscaler_replica_price_per_hour{namespace="demo", name="chat"}': "4.5x30",
        f'{tokens}, target="demo/chat"}}': "0+150000x30",
        f'{tokens}, target="external/large"}}': "0+150000x30",
    }
    shows(tmp_path, "fleet: Cost of a million output tokens", series, {'{namespace="demo", name="chat"}': 0.5})
