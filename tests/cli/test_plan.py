"""`fairlead plan`: a proposal to apply with its arithmetic, or the word that made no sense."""

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
GOALS = ("--ttft-p95", "2s", "--tpot-p95", "80ms")
CARDS = ("--product", "NVIDIA-H100-80GB-HBM3", "--product", "NVIDIA-L40S")


def test_as_yaml_it_can_be_applied_and_is_admitted(run: Run) -> None:
    code, out, err = run("plan", MODEL, *ARRIVING, *GOALS, *CARDS, "--name", "chat", "-o", "yaml")

    assert (code, err) == (0, "")
    assert out.startswith("# ")
    review = admission.review(yaml.safe_load(out), CONTEXT)
    assert (review.name, review.refusals) == ("chat", ())


def test_as_text_it_tells_the_money_and_why_others_lost(run: Run) -> None:
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
def test_what_nothing_can_keep_is_said_with_the_nearest(run: Run, output: str) -> None:
    words = ("--ttft-p95", "1ms", "--tpot-p95", "1ms", "--product", "NVIDIA-L4")
    code, out, _ = run("plan", MODEL, *ARRIVING, *words, "-o", output)
    assert code == 1
    assert "null" in out if output == "json" else out.startswith("nothing in the catalogue keeps these objectives")


def test_the_shape_of_a_days_traffic_may_be_said(run: Run) -> None:
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
        (("no/model", *ARRIVING), "model no/model: not in the catalogue; near: "),
        ((MODEL, "--rate", "2"), "--prompt, --reply: say what arrives, or give a recording: --trace FILE"),
        ((MODEL, *ARRIVING, "--product", "L40S"), "--product L40S: not in the catalogue; near: NVIDIA-L40S"),
        ((MODEL, *ARRIVING, "--product", "cpu"), "--product cpu: plans compare GPUs; how fast a processor is"),
        ((MODEL, *ARRIVING, "--product", "%"), "--product %: not in the catalogue; near: NVIDIA-H100"),
        ((MODEL, *ARRIVING, "--rate", "-1"), "--rate -1: a number between 1e-06 and 1e+09"),
        ((MODEL, *ARRIVING, "--rate", "many"), "--rate many: a number between"),
        ((MODEL, *ARRIVING, "--prompt", "9,1,2"), "--prompt 9,1,2: three rising numbers of tokens"),
        ((MODEL, *ARRIVING, "--prompt", "9"), "--prompt 9: three rising numbers of tokens"),
        ((MODEL, *ARRIVING, "--ttft-p95", "1"), "--ttft-p95 1: a time such as 800ms or 1.5s"),
        ((MODEL, *ARRIVING, "--tpot-p95", "0s"), "--tpot-p95 0s: a time such as 800ms"),
        ((MODEL, *ARRIVING, "--cacheable", "2"), "--cacheable 2: a number between 0 and 0.99"),
        ((MODEL, "--trace", "nowhere.csv"), "No such file"),
        ((MODEL, "--trace", __file__), "--trace "),
    ],
)
def test_a_word_that_makes_no_sense_is_named_with_one_that_does(words: tuple[str, ...], answer: str, run: Run) -> None:
    code, out, err = run("plan", *words)
    assert (code, out) == (2, "")
    assert err.startswith("fairlead plan: ")
    assert answer in err


def test_an_output_nobody_knows_is_refused_by_every_command(capsys: pytest.CaptureFixture[str], run: Run) -> None:
    for command in ("plan", "validate", "render"):
        with pytest.raises(SystemExit) as stopped:
            run(command, "x", "-o", "xml")
        assert stopped.value.code == 2
        assert "invalid choice: 'xml'" in capsys.readouterr().err
