"""`fairlead plan`: a proposal to apply with its arithmetic, or the argument that made no sense."""

import gzip
import json
from pathlib import Path

import pytest
import yaml

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
        ((MODEL, *ARRIVING, "--room", "10%"), "--room 10%: a number between 0 and 9"),
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
