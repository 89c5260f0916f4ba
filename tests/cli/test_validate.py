"""`fairlead validate`: what admission would say, for users and for programs."""

import json
from pathlib import Path

import pytest

from fairlead.cli import review_text
from fairlead.cluster import documents
from fairlead.cluster.documents import YamlDocument
from fairlead.review import admission
from house import prose
from house.tree import ROOT
from tests.cli.conftest import File, Run
from tests.review.table import CONTEXT, SAMPLES, deployment, engine, policy


def test_every_sample_is_admitted(run: Run) -> None:
    code, out, err = run("validate", *map(str, SAMPLES))
    assert (code, err) == (0, "")
    assert "✗" not in out


def test_a_valid_deployment_is_reported_with_what_it_holds(run: Run, file: File) -> None:
    code, out, _ = run("validate", file())
    assert code == 0
    assert out.splitlines()[0].endswith("chat.yaml: InferenceDeployment bad")
    assert "fit      fits: certainly holds 1 request of 40960 tokens" in out
    assert "tokens, 4 (between 3 and 4) requests of full context length" in out


def test_a_cache_that_may_hold_less_than_one_request_is_not_reported_to_hold_one(run: Run, file: File) -> None:
    """It was rounded: half a request was 1, in the line below a fit that is tight because of it."""
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
    code, out, _ = run("validate", file(deployment(model=model, engine={"context": {"maxTokens": 24576}})))
    assert code == 0
    assert "fit      tight: " in out
    assert "tokens, 1 (between 0 and 1) requests of full context length" in out


def test_an_invalid_deployment_is_reported_with_field_rule_and_remedy(run: Run, file: File) -> None:
    code, out, _ = run("validate", file(deployment(replicas=2, scaling={"maxReplicas": 4})))
    assert code == 1
    assert "refused  spec.replicas: 2\n" in out
    assert "→ remove scaling to set the number yourself" in out


def test_what_does_not_fit_has_its_ways_out_one_a_line_with_the_field_to_change(run: Run, file: File) -> None:
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
    code, out, _ = run("validate", file(deployment(model=model)))
    assert code == 1
    lines = out.splitlines()
    start = lines.index("             → what fits, smallest change first:")
    assert [line.split()[0] for line in lines[start + 1 :]] == [
        "spec.engine.context.maxTokens",
        "spec.parallelism.tensor",
        "spec.accelerator.product",
        "spec.fitCheck",
    ]


def test_the_page_of_a_first_deployment_shows_what_the_command_prints(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/first-deployment.md").read_text(encoding="utf-8")
    written = next(one for one in prose.blocks(page, "yaml") if "kind: InferenceDeployment" in one)
    (tmp_path / "chat.yaml").write_text(written.replace("Qwen/Qwen3-0.6B", "meta-llama/Llama-3.1-8B-Instruct"))
    monkeypatch.chdir(tmp_path)
    _, out, _ = run("validate", "chat.yaml")
    assert f"```\n{out}```\n" in page


def test_a_fit_that_is_overruled_is_a_warning_with_the_same_ways_out(run: Run, file: File) -> None:
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
    code, out, _ = run("validate", file(deployment(model=model, fitCheck="Warn")))
    assert code == 0
    lines = out.splitlines()
    assert "    warning  spec.accelerator.product: 1 x NVIDIA-L4" in lines
    assert "it starts nevertheless, since spec.fitCheck is Warn" in out
    start = lines.index("             → what fits, smallest change first:")
    assert lines[-1].split()[0] == "spec.accelerator.product"
    assert len(lines) == start + 4


def test_the_json_output_has_the_same_content_under_stable_names(run: Run, file: File) -> None:
    big = deployment(model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"})
    place = file(f"{json.dumps(deployment())}\n---\n{json.dumps(big)}\n---\n{json.dumps(policy())}\n---\n[\n")
    code, out, _ = run("validate", "-o", "json", place)
    good, bad, other, broken = json.loads(out)
    assert code == 1
    assert (good["admitted"], good["fit"]["verdict"], bad["admitted"], bad["fit"]["verdict"]) == (
        True,
        "fits",
        False,
        "no",
    )
    assert set(good["fit"]) == {"verdict", "because", "kvTokens", "sequences"}
    assert bad["fit"]["alternatives"][0]["field"] == "spec.engine.context.maxTokens"
    assert set(bad["refusals"][0]) == {"field", "value", "reason", "because", "remedy"}
    assert (other["kind"], other["fit"]) == ("AutoscalingPolicy", None)
    assert (broken["admitted"], broken["refusals"][0]["reason"]) == (False, "Unreadable")


def test_one_bad_document_does_not_hide_the_others(run: Run, file: File) -> None:
    code, out, _ = run("validate", file(f"{json.dumps(deployment())}\n---\n{{\n---\n{json.dumps(policy())}\n"))
    assert code == 1
    assert [line[0] for line in out.splitlines() if "document" in line] == ["✓", "✗", "✓"]
    assert "(document 2): is not valid YAML: line" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo: [", "is not valid YAML: line 1: did not find expected node content; correct that line"),
        ("a: 1\nfoo: [\n\n", "is not valid YAML: line 2: did not find expected node content; correct that line"),
        ("a: 1\nb: " + "9" * 5000, f"is not valid YAML: line 2: {'9' * 20}… is too large a number; correct"),
    ],
)
def test_the_line_to_correct_is_one_of_the_file(text: str, words: str, run: Run, file: File) -> None:
    code, out, _ = run("validate", file(text))
    assert code == 1
    assert words in out


def test_the_items_of_a_list_are_objects_as_for_kubectl_apply(run: Run, file: File) -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [policy(), 5]}
    listed = {"apiVersion": "v1", "kind": "List", "items": [deployment(replicas=-1), inner]}

    code, out, _ = run("validate", file(f"{json.dumps(listed)}\n---\n{json.dumps(deployment())}\n"))

    assert code == 1
    assert [line.rpartition("/")[2] for line in out.splitlines() if line[0] in "✓✗"] == [
        "chat.yaml (document 1), item 1: InferenceDeployment bad",
        "chat.yaml (document 1), item 2, item 1: AutoscalingPolicy bad",
        "chat.yaml (document 1), item 2, item 2: absent",
        "chat.yaml (document 2): InferenceDeployment bad",
    ]


def test_a_policy_of_the_same_files_is_held_against_who_names_it(run: Run, file: File) -> None:
    scaling = {"minReplicas": 0, "maxReplicas": 4, "policy": {"name": "bad"}}
    both = (deployment(replicas=None, scaling=scaling), policy())
    code, out, _ = run("validate", file("\n---\n".join(map(json.dumps, both))))
    assert code == 0
    assert "warning  spec.scaling.minReplicas: 0\n" in out
    assert "policy bad has no idle.scaleToZero, so the last replica stays" in out


def test_a_folder_gives_its_files_and_an_empty_one_says_so(run: Run, file: File, tmp_path: Path) -> None:
    file(name="b.yaml")
    file(name="a.yml")
    empty = tmp_path / "none"
    empty.mkdir()
    code, out, _ = run("validate", str(tmp_path), str(empty))
    assert code == 1
    assert [line.split(":")[0].rpartition("/")[2] for line in out.splitlines() if line[0] in "✓✗"] == [
        "a.yml",
        "b.yaml",
        "none",
    ]
    assert "the folder holds no YAML file" in out


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"a: 1\n" * 700_000, "larger than 3 MiB"),
        (None, "cannot be read: No such"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, answer: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    code, out, _ = run("validate", str(path))
    assert code == 1
    assert answer in out


def test_a_configuration_of_ones_own_decides_the_fit(run: Run, file: File) -> None:
    own = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4}
    own |= {"num_key_value_heads": 4, "vocab_size": 100, "intermediate_size": 128, "max_position_embeddings": 2048}
    config = file(own, name="config.json")
    place = file(deployment(model={"source": "hf://me/mine"}))
    code, out, _ = run("validate", place, "--config-json", f"me/mine={config}")
    assert code == 0
    assert "certainly holds 1 request of 2048 tokens" in out


@pytest.mark.parametrize("words", ["me/mine", "me/mine=nowhere.json"])
def test_a_configuration_that_is_not_there_is_a_wrong_word(words: str, run: Run, file: File) -> None:
    for command in ("validate", "render"):
        code, out, err = run(command, file(), "--config-json", words)
        assert (code, out) == (2, "")
        assert err.startswith(f"fairlead {command}: --config-json me/mine")


def test_people_at_a_terminal_see_colours() -> None:
    review = admission.review(engine(context={"maxTokens": 100_000}, extraArgs=["--port=1"]), CONTEXT)
    text = review_text.as_text(YamlDocument(place="a.yaml"), review, colour=True)
    assert text.startswith(f"{review_text.RED}✗{review_text.PLAIN} a.yaml: InferenceDeployment bad")
    broken = YamlDocument(place="b.yaml", problem="is empty")
    assert review_text.as_text(broken, None, colour=False) == "✗ b.yaml: is empty"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1e3", 1000),
        ("y", True),
        ("n", False),
        ("0o17", 15),
        ("017", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("12:30:00", "12:30:00"),
        ("2026-11-20", "2026-11-20"),
        ("on", True),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("08", 8),
        ("~", None),
        ("=", "="),
        ("{<<: {k: v}, l: w}", {"k": "v", "l": "w"}),
        ("'1'", "1"),
    ],
)
def test_plain_yaml_scalars_are_read_as_kubectl_reads_them(written: str, read: object) -> None:
    """The same words are given to a real kubectl in `tests/apiserver/test_bad_inputs.py`."""
    (document,) = documents.of_text(f"a: {written}", "f")
    assert document.content == {"a": read}


def test_a_list_that_holds_itself_is_refused_by_its_line() -> None:
    (document,) = documents.of_text("b: 1\na: &x [1, *x]", "f")
    assert document.problem == "is not valid YAML: line 2: *x is an alias of what it is in; correct that line"


def test_only_blank_documents_are_nothing_and_one_after_a_mark_is_one() -> None:
    assert [one.problem for one in documents.of_text("---\n---\n", "f")] == [
        "is empty; write an object, or leave the file out"
    ]
    assert [one.content for one in documents.of_text("a: b---", "f")] == [{"a": "b---"}]
    assert [one.content for one in documents.of_text("---\na: 1\r\n---\r\nb: 2\r\n", "f")] == [{"a": 1}, {"b": 2}]


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"shop": "t"}}


def test_objects_of_others_in_the_same_file_are_named_and_left_alone(run: Run, file: File) -> None:
    both = file(f"{json.dumps(SECRET)}\n---\n{json.dumps(policy())}\n")
    code, out, _ = run("validate", both)
    assert code == 0
    assert [line.split(": ", 1)[1] for line in out.splitlines() if line.startswith("- ")] == [
        "Secret keys: an object of v1, not of fairlead.dev; left alone"
    ]
    code, out, _ = run("validate", "-o", "json", both)
    assert [one["kind"] for one in json.loads(out)] == ["AutoscalingPolicy"]


def test_an_object_of_others_cannot_colour_the_terminal(run: Run, file: File) -> None:
    odd = {"apiVersion": "v1\x1b[31m", "kind": "Sec\x1b]0;x\x07ret", "metadata": {"name": "a\nb"}}
    _, out, _ = run("validate", file(f"{json.dumps(odd)}\n---\n{json.dumps(policy())}\n"))
    assert out.splitlines()[-1].split(": ", 1)[1] == (
        r"Sec\x1b]0;x\x07ret a\nb: an object of v1\x1b[31m, not of fairlead.dev; left alone"
    )


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_file_with_nothing_of_ours_is_no_success(run: Run, file: File, command: str) -> None:
    code, _, err = run(command, file(json.dumps(SECRET)))
    assert code == 2
    assert "no object of Fairlead's kinds" in err


@pytest.mark.parametrize(
    "slip",
    [
        SECRET | {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceDeploymnt"},
        SECRET | {"apiVersion": "fairlead.io/v1alpha1", "kind": "InferenceDeployment"},
        {"kind": "Secret"},
        {"apiVersion": 1, "kind": "Secret"},
    ],
)
def test_a_slip_of_the_pen_is_refused_all_the_same(run: Run, file: File, slip: dict[str, object]) -> None:
    code, out, _ = run("validate", file(json.dumps(slip)))
    assert (code, "✗" in out) == (1, True)


def test_render_leaves_objects_of_others_alone(run: Run, file: File) -> None:
    code, out, err = run("render", file(f"{json.dumps(SECRET)}\n---\n{json.dumps(deployment())}\n"))
    assert (code, err) == (0, "")
    assert "bad" in out
