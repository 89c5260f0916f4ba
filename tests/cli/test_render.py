"""`fairlead render`: what would be started, with secrets named and never shown."""

import json

import pytest

from tests.cli.conftest import File, Run
from tests.review.table import deployment, gateway, policy

HALF = {"deployment": "bad", "weight": 1}

ENV = [
    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    {"name": "C", "value": "plain"},
]


def test_a_command_to_copy_and_where_each_value_is_kept(run: Run, file: File) -> None:
    given = deployment(
        model={"source": "hf://Qwen/Qwen3-0.6B", "tokenSecret": {"name": "hub", "key": "token"}}, engine={"env": ENV}
    )
    code, out, err = run("render", file(given))

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "# bad"
    assert {"HF_TOKEN=(Secret hub, key token)", "A=(ConfigMap c, key k)", "B=(Secret s, key k)", "C=plain"} <= {*lines}
    assert "vllm serve Qwen/Qwen3-0.6B \\" in lines


@pytest.mark.trial(19)
def test_a_template_is_shown_where_it_is_kept_and_its_text_is_not_broken(run: Run, file: File) -> None:
    kept = deployment(engine={"tools": {}, "chatTemplate": {"configMap": {"name": "t-v1", "key": "chat"}}})
    lines = run("render", file(kept))[1].splitlines()
    assert "# /etc/fairlead/chat-template/template.jinja: (ConfigMap t-v1, key chat)" in lines
    assert "    --tool-call-parser hermes \\" in lines
    assert "    --chat-template /etc/fairlead/chat-template/template.jinja" in lines

    out = run("render", file(deployment(engine={"chatTemplate": {"inline": "{{ a --b }}"}})))[1]
    assert "    --chat-template '{{ a --b }}'" in out.splitlines()


def test_the_file_that_an_engine_reads_is_shown_whole_and_can_be_copied(run: Run, file: File) -> None:
    kept = deployment(engine={"kind": "TensorRT-LLM", "context": {"maxTokens": 4096}})

    lines = run("render", file(kept))[1].splitlines()

    start = lines.index("# /etc/fairlead/engine-options/options.yaml: {")
    text = "\n".join(line.removeprefix("# ") for line in lines[start + 1 : lines.index("# }") + 1])
    assert json.loads("{" + text)["max_seq_len"] == 4096
    assert "    --config /etc/fairlead/engine-options/options.yaml \\" in lines


def test_as_json_with_the_times_that_follow_from_drain_and_weights(run: Run, file: File) -> None:
    def rendered(**changed: object) -> dict[str, int]:
        code, out, _ = run("render", "-o", "json", file(deployment(**changed)))
        assert code == 0
        (one,) = json.loads(out)
        return dict(one)

    soon = {"rollout": {"progressDeadlineSeconds": 60}}
    small = rendered(drain={"timeout": "90s", "settle": "5s"}, **soon)
    large = rendered(model={"source": "hf://Qwen/Qwen3-8B"}, accelerator={"product": "NVIDIA-H100-80GB-HBM3"}, **soon)
    unknown = rendered(model={"source": "hf://a/b"}, **soon)
    assert small["graceSeconds"] == 90 + 5 + 20
    assert small["startupSeconds"] < large["startupSeconds"] < unknown["startupSeconds"]
    assert set(small) == {
        "name",
        "command",
        "environment",
        "files",
        "ports",
        "graceSeconds",
        "startupSeconds",
        "router",
    }


def test_refused_documents_are_reported_separately_and_the_rest_is_rendered(run: Run, file: File) -> None:
    bad = deployment(replicas=-1)
    parts = [json.dumps(one) for one in (bad, deployment(), policy())]
    code, out, err = run("render", file("\n---\n".join([*parts, "{"])))
    assert code == 1
    assert out.count("# bad") == 1
    assert "spec.replicas: -1" in err
    assert "is not valid YAML" in err


def test_a_file_without_deployments_renders_nothing(run: Run, file: File) -> None:
    path = file(policy())
    nothing = "nothing here starts a process; give a file with an InferenceDeployment or InferenceGateway"
    assert run("render", path) == (0, "", f"fairlead render: {path}: {nothing}\n")
    assert run("render", "-o", "json", file(policy())) == (0, "[]\n", "")


def test_the_configuration_of_routers_is_rendered_beside_the_engine(run: Run, file: File) -> None:
    """The same document that a running operator writes, so that `fairlead router --check` accepts it."""
    shown = deployment(router={"replicas": 3, "timeouts": {"total": "1m"}})
    code, out, _ = run("render", "-o", "json", file(shown))
    (one,) = json.loads(out)
    assert code == 0
    assert (one["router"]["routers"], one["router"]["routing"]["timeouts"]["totalSeconds"]) == (3, 60.0)
    assert "# 3 routers in front" in run("render", file(shown))[1]


def test_the_configuration_of_a_gateways_routers_is_rendered_from_the_files_beside_it(run: Run, file: File) -> None:
    models = [{"name": "talk", "deployment": "bad"}, {"name": "split", "strategy": "Weighted", "weighted": [HALF]}]
    front = gateway(models=models)
    joins = deployment(gateway={"name": "bad"})
    alone = deployment(gateway={"name": "other"})
    made = [file(one, f"{number}.yaml") for number, one in enumerate((front, joins, alone))]
    code, out, _ = run("render", "-o", "json", *made)
    front_out, one, other = json.loads(out)
    assert code == 0
    assert one["router"] is other["router"] is None
    assert [each["target"] for each in front_out["gateway"]["targets"]] == ["default/bad"]
    assert [each["name"] for each in front_out["gateway"]["routes"]] == ["talk", "split"]
    text = run("render", file(front))[1]
    assert "# bad: 2 routers, 0 deployments of these files; their configuration: -o json" in text
    assert "talk: Single default/bad\nsplit: Weighted" in text
