"""`fairlead plan`: a proposal to apply with its arithmetic, or the argument that made no sense."""

import gzip
import json
from pathlib import Path

import pytest
import yaml

from fairlead.cli import plan_play
from fairlead.review import admission
from tests.cli.conftest import Run
from tests.review.table import CONTEXT

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
ARRIVING = ("--rate", "2", "--prompt", "500,1500,3000", "--reply", "100,300,600")
OBJECTIVES = ("--ttft-p95", "2s", "--tpot-p95", "80ms")
GOALS = (*OBJECTIVES, "--no-play")
CARDS = ("--product", "NVIDIA-H100-80GB-HBM3", "--product", "NVIDIA-L40S")


def test_as_yaml_it_can_be_applied_and_is_admitted(run: Run) -> None:
    code, out, err = run("plan", MODEL, *ARRIVING, *GOALS, *CARDS, "--name", "chat", "-o", "yaml")

    assert (code, err) == (0, "")
    assert out.startswith("# ")
    review = admission.review(yaml.safe_load(out), CONTEXT)
    assert (review.name, review.refusals) == ("chat", ())


def test_the_text_output_shows_the_cost_and_why_other_options_lost(run: Run) -> None:
    code, out, _ = run("plan", f"hf://{MODEL}", *ARRIVING, *GOALS, *CARDS)
    assert code == 0
    assert " USD an hour, " in out.splitlines()[0]
    assert "\nRunners-up:\n  " in out
    assert "\nLeft out: " in out


def test_as_json_it_holds_everything(run: Run) -> None:
    code, out, _ = run("plan", MODEL, *ARRIVING, *GOALS, *CARDS, "-o", "json", "--keep-precision")
    assert code == 0
    document = json.loads(out)
    assert document["manifest"]["kind"] == "InferenceDeployment"
    assert document["manifest"]["spec"]["model"]["source"] == f"hf://{MODEL}"


@pytest.mark.parametrize("output", ["text", "yaml", "json"])
def test_objectives_that_no_option_can_keep_are_reported_with_the_nearest_option(run: Run, output: str) -> None:
    words = ("--ttft-p95", "1ms", "--tpot-p95", "1ms", "--product", "NVIDIA-L4")  # by arithmetic: nothing to simulate
    code, out, err = run("plan", MODEL, *ARRIVING, *words, "-o", output)
    assert code == 1
    shown = err if output == "yaml" else out
    assert (
        "null" in out
        if output == "json"
        else shown.startswith("nothing in the catalogue keeps --ttft-p95 1ms and --tpot")
    )
    assert bool(out) is (output != "yaml"), "what is piped into kubectl apply is YAML, or nothing"


def test_the_nearest_options_come_first(run: Run) -> None:
    _, out, _ = run("plan", MODEL, *ARRIVING, "--ttft-p95", "1ms", "--no-play")
    firsts = [float(line.split("first token after ")[1].split()[0]) for line in out.splitlines() if "after" in line]
    assert len(firsts) == 8
    assert firsts == sorted(firsts)


def test_requests_longer_than_the_models_context_are_refused_or_mentioned(run: Run) -> None:
    words = ("plan", MODEL, "--rate", "1", "--reply", "100,200,300", "--no-play", "--product", "NVIDIA-L40S")
    code, out, err = run(*words, "--prompt", "1e7,1e7,1e7")
    assert (code, out) == (2, "")
    assert err.startswith("fairlead plan: --prompt, --reply: half of the requests have 10,000,100 tokens or more, and ")
    assert "holds 131,072, so they would be refused" in err
    code, out, _ = run(*words, "--prompt", "1000,2000,200000", "-o", "yaml")
    assert code == 0
    assert "# context: p99 prompt 200000 + p99 reply 300 tokens, and the model holds 131072: longer requests are" in out


def test_a_batch_of_requests_without_times_is_planned_for_at_a_given_rate(run: Run, tmp_path: Path) -> None:
    """With one request too, and by its own lengths."""
    text = "a word " * 400
    rows = [
        {
            "custom_id": str(number),
            "method": "POST",
            "url": "/v1/completions",
            "body": {"prompt": text, "max_tokens": 90},
        }
        for number in range(20)
    ]
    batch = tmp_path / "batch.jsonl"
    for some in (rows, rows[:1]):
        batch.write_text("\n".join(json.dumps(one) for one in some))
        words = ("plan", MODEL, "--trace", str(batch), *GOALS, *CARDS, "-o", "yaml")
        assert "a rate needs requests at two times: give --rate" in run(*words)[2]
        code, out, err = run(*words, "--rate", "5")
        assert (code, err) == (0, "")
        assert "peak: 5.00 requests/s x burst 1.50 x 1.00 for retries = 7.50 requests/s" in out


def test_rates_of_clients_without_their_lengths_are_reported_with_where_to_put_them(run: Run, tmp_path: Path) -> None:
    for name in ("sg.csv", "sg-rates.csv"):
        (tmp_path / name).write_text("t_s,client,rate_rps\n0,a,3\n")
        code, _, err = run("plan", MODEL, "--trace", str(tmp_path / name))
        assert code == 2
        assert "read with their lengths from sg-lengths.csv beside it" in err


def test_the_shape_of_a_days_traffic_may_be_specified(run: Run) -> None:
    more = ("--burst", "3", "--cacheable", "0.4", "--retries", "0.1")
    calm, busy = (run("plan", MODEL, *ARRIVING, *GOALS, *CARDS, *words, "-o", "json") for words in ((), more))
    assert calm[0] == busy[0] == 0
    assert json.loads(calm[1])["best"] != json.loads(busy[1])["best"]


def test_a_model_of_ones_own_needs_its_configuration(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("{}")
    own = {"model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "num_attention_heads": 32}
    own |= {"num_key_value_heads": 8, "vocab_size": 128_256, "intermediate_size": 8192, "max_position_embeddings": 8192}
    assert "--config-json" in run("plan", "me/mine", *ARRIVING, *GOALS, "--config-json", str(config))[2]
    config.write_text(json.dumps(own))
    code, out, _ = run("plan", "/models/mine", *ARRIVING, *GOALS, *CARDS, "--config-json", str(config), "-o", "yaml")
    assert code == 0
    assert yaml.safe_load(out)["spec"]["model"]["source"] == "/models/mine"


def test_a_recording_says_what_arrives(run: Run, tmp_path: Path) -> None:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [
        f"2023-11-16 18:{place // 60:02}:{place % 60:02}.0000000,{400 + place},{50 + place % 7}" for place in range(600)
    ]
    recording = tmp_path / "trace.csv.gz"
    recording.write_bytes(gzip.compress("\n".join(lines).encode()))
    code, _, err = run("plan", MODEL, "--trace", str(recording), *GOALS, *CARDS, "--retries", "0")
    assert (code, err) == (0, "")


def test_servegens_rates_are_read_with_the_lengths_beside_them(run: Run, tmp_path: Path) -> None:
    quantiles = ["t_s,client,field,mean,p0,p50,p100"]
    quantiles += [f"0,a,{field},1,100,200,300" for field in ("input_tokens", "output_tokens")]
    (tmp_path / "chat-lengths.csv").write_text("\n".join(quantiles))
    rates = tmp_path / "chat-rates.csv"
    rates.write_text("t_s,client,rate_rps\n0,a,3\n600,a,5\n")
    code, _, err = run("plan", MODEL, "--trace", str(rates), *GOALS, *CARDS)
    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("no/model", *ARRIVING), "model no/model: not in the catalogue; give its own config.json: --config-json"),
        ((MODEL, "--rate", "2"), "--prompt, --reply: say what arrives, or give a recording: --trace FILE"),
        ((MODEL, *ARRIVING, "--product", "L40S"), "--product L40S: not in the catalogue; near: NVIDIA-L40S"),
        ((MODEL, *ARRIVING, "--product", "cpu"), "--product cpu: plans compare GPUs; how fast a processor is"),
        ((MODEL, *ARRIVING, "--product", "%"), "--product %: not in the catalogue; near: NVIDIA-H100"),
        ((MODEL, *ARRIVING, "--rate", "-1"), "--rate -1: a number between 1e-06 and 1e+09"),
        ((MODEL, *ARRIVING, "--rate", "many"), "--rate many: a number between"),
        ((MODEL, *ARRIVING, "--prompt", "9,1,2"), "--prompt 9,1,2: three rising numbers of tokens"),
        ((MODEL, *ARRIVING, "--prompt", "9"), "--prompt 9: three rising numbers of tokens"),
        ((MODEL, *ARRIVING, "--ttft-p95", "1"), "--ttft-p95 1: not a time; write it in ms, s"),
        ((MODEL, *ARRIVING, "--tpot-p95", "0s"), "--tpot-p95 0s: not a time"),
        ((MODEL, *ARRIVING, "--cacheable", "2"), "--cacheable 2: a number between 0 and 0.99"),
        ((MODEL, *ARRIVING, "--product", "nvidia-l4"), "--product nvidia-l4: not in the catalogue; near: NVIDIA-L4\n"),
        ((MODEL, *ARRIVING, "--rate", "nan"), "--rate nan: a number between"),
        ((MODEL, *ARRIVING, "--name", "Foo_Bar"), "--name Foo_Bar: the name is also used as a label and as"),
        ((MODEL, *ARRIVING, "--name", ""), "--name : the name is also used"),
        ((MODEL, *ARRIVING, "--name", "a" * 80), "use at most 63 small letters, digits and dashes"),
        ((MODEL, "--trace", "nowhere.csv"), "plan: nowhere.csv: No such file"),
        ((MODEL, "--trace", __file__), "--trace "),
    ],
)
def test_a_word_that_makes_no_sense_is_named_with_one_that_does(words: tuple[str, ...], answer: str, run: Run) -> None:
    code, out, err = run("plan", *words)
    assert (code, out) == (2, "")
    assert err.startswith("fairlead plan: ")
    assert answer in err


def test_an_unknown_output_format_is_refused_by_every_command(capsys: pytest.CaptureFixture[str], run: Run) -> None:
    for command in ("plan", "validate", "render"):
        with pytest.raises(SystemExit) as stopped:
            run(command, "x", "-o", "xml")
        assert stopped.value.code == 2
        assert "invalid choice: 'xml'" in capsys.readouterr().err


def azure(folder: Path, requests: int, gap_s: float, prompt: int = 800) -> Path:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for number in range(requests):
        at = number * gap_s
        clock = f"{int(at // 3600):02}:{int(at // 60 % 60):02}:{at % 60:010.7f}"
        lines.append(f"2023-11-16 {clock},{prompt},100")
    recording = folder / "trace.csv"
    recording.write_text("\n".join(lines))
    return recording


def test_what_arithmetic_proposes_is_played_on_the_recording_and_fewer_may_do(run: Run, tmp_path: Path) -> None:
    recording = azure(tmp_path, 1500, 0.06)
    code, out, err = run("plan", MODEL, "--trace", str(recording), *OBJECTIVES, "--product", "NVIDIA-L4")

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("3 x (1 x NVIDIA-L4, weights fp8PerTensor, fp8 cache): 2.4")
    assert "% kept, first token within " in lines[1]
    assert lines[1].endswith("; by arithmetic 7 would be needed")
    assert "# played: " in out
    assert {"  replicas: 3", "      maxSequences: 41"} <= set(lines), "the manifest is that of what was played"
    table = lines[next(at for at, line in enumerate(lines) if line.startswith("Played on trace.csv: 1,500 requests")) :]
    assert table[1].split()[:2] == ["configuration", "batch"]
    assert any(" !" in line for line in table), "one replica fewer was played, and did not keep them"
    assert "median error TPOT 16%" in out


def test_in_json_the_best_fleet_is_that_of_the_manifest_and_not_what_arithmetic_alone_proposes(
    run: Run, tmp_path: Path
) -> None:
    words = ("plan", MODEL, "--trace", str(azure(tmp_path, 1500, 0.06)), "--product", "NVIDIA-L4", "-o", "json")
    found = json.loads(run(*words, *OBJECTIVES)[1])
    assert found["best"]["replicas"] == found["manifest"]["spec"]["replicas"] == 3
    assert found["best"]["supply"]["concurrent"] == found["manifest"]["spec"]["engine"]["batching"]["maxSequences"]
    assert found["best"]["cost_per_hour"] < found["reckoned"]["cost_per_hour"]


@pytest.mark.parametrize("lax", [("--ttft-p95", "30m"), ("--tpot-p95", "10s")], ids=["half an hour", "none"])
def test_a_fleet_whose_queue_grows_without_end_keeps_no_objective_however_lax(lax: tuple[str, str], run: Run) -> None:
    traffic = ("--rate", "8", "--prompt", "400,400,400", "--reply", "200,200,200", "--burst", "1")
    code, out, _ = run("plan", MODEL, *traffic, *lax, "--product", "NVIDIA-L4", "-o", "json")
    found = json.loads(out)

    assert code == 0
    assert found["played"]["traffic"].endswith("; first tokens are allowed 90 s, so that no queue grows without end")
    waits = [one["runs"][0]["report"]["ttft"]["p95"] for one in found["played"]["fleets"] if one["keeps"]]
    assert max(waits) <= 90


def test_traffic_options_beside_a_recording_make_the_traffic_drawn_from_seeds(run: Run, tmp_path: Path) -> None:
    recording = azure(tmp_path, 600, 0.5)
    more = ("--trace", str(recording), "--burst", "1.2", "--product", "NVIDIA-L40S", "-o", "json")
    code, out, _ = run("plan", MODEL, *more, *OBJECTIVES)
    assert code == 0
    played = json.loads(out)["played"]
    assert played["traffic"] == "traffic drawn by 3 seeds, 50 min each"
    assert [one["keeps"] for one in played["fleets"]].count(True) >= 1
    assert {"proposal", "reckonedReplicas", "keeps", "kept", "runs"} == played["fleets"][0].keys()


def test_of_a_long_recording_the_busiest_part_is_played(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_play, "MAX_REQUESTS", 300)
    recording = azure(tmp_path, 900, 0.5)
    rows = recording.read_text().splitlines()
    rows[301:] = [row for at, row in enumerate(rows[301:]) if not 200 < at < 500]
    recording.write_text("\n".join(rows))
    code, out, _ = run("plan", MODEL, "--trace", str(recording), *OBJECTIVES, "--product", "NVIDIA-L40S")
    assert code == 0
    assert "; its busiest 300 requests, from minute 0 on" in out


def test_objectives_that_no_simulated_option_keeps_are_reported_with_the_nearest_option(
    run: Run, tmp_path: Path
) -> None:
    recording = azure(tmp_path, 600, 1.0, prompt=2000)
    header, *rows = recording.read_text().splitlines()
    at_once = [f"{row[:17]}00.0000000{row[row.index(',') :]}" for row in rows]
    recording.write_text("\n".join([header, *at_once]))
    goals = ("--ttft-p95", "400ms", "--tpot-p95", "60ms", "--product", "NVIDIA-L40S", "--keep-precision")
    code, out, _ = run("plan", MODEL, "--trace", str(recording), *goals)
    assert code == 1
    assert out.startswith("nothing that was played keeps --ttft-p95 400ms and --tpot-p95 60ms for 95% of requests, the")
    assert "% of requests, the nearest for " in out
    assert out.splitlines()[0].endswith(": allow more time, or see what arithmetic proposes with --no-play")
    assert "Played on trace.csv" in out
    missed = json.loads(run("plan", MODEL, "--trace", str(recording), *goals, "-o", "json")[1])
    assert (missed["best"], missed["manifest"], missed["reckoned"] is None) == (None, None, False)


def test_without_objectives_nothing_is_played_and_on_a_terminal_progress_is_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = azure(tmp_path, 300, 1.0)
    words = ("plan", MODEL, "--trace", str(recording), "--product", "NVIDIA-L40S")
    assert "layed" not in run(*words)[1]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert "\r0 fleets played" in run(*words, *OBJECTIVES)[2]


def test_a_configuration_of_ones_own_is_played_too(run: Run, tmp_path: Path) -> None:
    own = {"model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "num_attention_heads": 32}
    own |= {"num_key_value_heads": 8, "vocab_size": 128_256, "intermediate_size": 8192, "max_position_embeddings": 8192}
    (tmp_path / "config.json").write_text(json.dumps(own))
    more = ("--config-json", str(tmp_path / "config.json"), "--product", "NVIDIA-L4", "--rate", "1")
    code, out, _ = run("plan", "me/mine", *ARRIVING, *OBJECTIVES, *more)
    assert code == 0
    assert "% kept" in out
