"""Control of the engine over HTTP: load and unload adapters, sleep, pause, reset, abort, misbehave."""

from typing import Any, Final

import pytest

from tests.emulator.surface.pretending import PretendActs, answering, run_story, serving

RUNTIME: Final = answering(runtime_adapters=True)


LOAD: Final = "/v1/load_lora_adapter"


UNLOAD: Final = "/v1/unload_lora_adapter"


def test_an_adapter_comes_is_called_and_goes() -> None:
    async def story() -> None:
        async with serving(RUNTIME) as engine:
            reply = await engine.post(LOAD, {"lora_name": "la", "lora_path": "org/la"})
            assert reply == (200, "Success: LoRA adapter 'la' added successfully.")
            _, body = await engine.post("/v1/completions", {"model": "la", "prompt": "x", "max_tokens": 1})
            assert (body["model"], engine.driver.runs[0].job.sequences[0].adapter) == ("la", "la")
            again = {"lora_name": "la", "lora_path": "org/la", "load_inplace": True}
            assert (await engine.post(LOAD, again))[0] == 200
            reply = await engine.post(UNLOAD, {"lora_name": "la"})
            assert reply == (200, "Success: LoRA adapter 'la' removed successfully.")
            assert (await engine.post("/v1/completions", {"model": "la", "prompt": "x"}))[0] == 404
            assert (await engine.post("/adapters", {"name": "lb", "src": "org/lb"}))[0] == 200
            assert (await engine.send("/adapters/lb", "DELETE"))[0] == 200
        assert engine.acts.done == [
            ("add", "la", "org/la"),
            ("add", "la", "org/la"),
            ("remove", "la"),
            ("add", "lb", "org/lb"),
            ("remove", "lb"),
        ]

    run_story(story())


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (LOAD, {"lora_name": "de", "lora_path": "org/x"}, 400, "has already been loaded. If you want to load"),
        (LOAD, {"lora_name": "chat", "lora_path": "org/x"}, 400, "conflicts with a served base model."),
        (LOAD, {"lora_name": "", "lora_path": ""}, 400, "Both 'lora_name' and 'lora_path' must be provided."),
        (LOAD, {"lora_path": "x"}, 400, "'loc': 'body.lora_name'"),
        (LOAD, {"lora_name": "x", "lora_path": None}, 400, "Input should be a valid string"),
        (
            LOAD,
            {"lora_name": "x", "lora_path": "/nowhere"},
            404,
            "Loading lora x failed: No adapter found for /nowhere",
        ),
        (UNLOAD, {"lora_name": ""}, 400, "needs to be provided to unload a LoRA adapter."),
        (UNLOAD, {"lora_name": "zz"}, 404, "The lora adapter 'zz' cannot be found."),
        ("/adapters", {"lora_name": "x"}, 400, '"type":"missing","loc":["name"]'),
    ],
)
def test_an_adapter_is_refused_with_vllms_message(path: str, body: dict[str, Any], status: int, words: str) -> None:
    async def story() -> None:
        async with serving(RUNTIME) as engine:
            answered, refused_so = await engine.post(path, body)
        assert (answered, words in refused_so["error"]["message"]) == (status, True)

    run_story(story())


def test_an_adapter_that_the_engine_cannot_take_is_its_error() -> None:
    async def story() -> None:
        why = "LoRA rank 16 is greater than max_lora_rank 8"
        async with serving(RUNTIME, acts=PretendActs(refused_adapter=why)) as engine:
            status, body = await engine.post(LOAD, {"lora_name": "x", "lora_path": "org/x"})
        assert (status, body["error"]["message"], body["error"]["type"]) == (500, why, "InternalServerError")

    run_story(story())


def test_the_development_endpoints_control_the_engine_and_answer_as_vllms() -> None:
    async def story() -> None:
        async with serving(answering(dev_mode=True)) as engine:
            values: list[tuple[str, str, Any]] = [
                ("POST", "/sleep?level=2&mode=wait", {"status": "sleeping", "level": 2}),
                ("GET", "/is_sleeping", {"is_sleeping": True}),
                (
                    "POST",
                    "/wake_up?tags=weights&tags=kv_cache",
                    {"status": "sleeping", "tags": ["weights", "kv_cache"]},
                ),
                ("POST", "/wake_up", {"status": "awake", "tags": None}),
                ("POST", "/pause?mode=keep", {"status": "paused"}),
                ("GET", "/is_paused", {"is_paused": True}),
                ("POST", "/resume", {"status": "resumed"}),
                ("POST", "/reset_prefix_cache?reset_running_requests=true", {"success": True}),
                ("POST", "/reset_mm_cache", ""),
                ("GET", "/get_world_size", {"world_size": 1}),
                ("GET", "/weight_info", {"weight_version": "default"}),
            ]
            for method, path, expected in values:
                assert await engine.send(path, method) == (200, expected)
            assert await engine.post("/abort_requests", {}) == (200, {"status": "aborted", "aborted": 2})
            await engine.post("/abort_requests", {"request_ids": ["a"]})
            _, info = await engine.send("/server_info?config_format=json")
        assert info["vllm_config"]["model_config"]["max_model_len"] == 1024
        assert engine.acts.done == [
            ("sleep", 2, "wait"),
            ("wake", ["weights", "kv_cache"]),
            ("wake", None),
            ("pause", "keep"),
            ("reset", True),
            ("abort", ()),
            ("abort", ("a",)),
        ]

    run_story(story())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sleep?level=7", "Input should be less than or equal to 2"),
        ("/sleep?level=-1", "Input should be greater than or equal to 0"),
        ("/sleep?level=deep", "unable to parse string as an integer"),
        ("/sleep?level=²", "unable to parse string as an integer"),
        ("/pause?mode=soon", "Input should be 'abort', 'wait' or 'keep'"),
        ("/abort_requests", "Invalid JSON format"),
    ],
)
def test_what_cannot_be_done_in_development_is_refused(path: str, words: str) -> None:
    async def story() -> None:
        async with serving(answering(dev_mode=True)) as engine:
            status, body = await engine.send(path, "POST")
            assert (status, words in body["error"]["message"]) == (400, True)
            assert (await engine.post("/abort_requests", [1]))[1]["error"]["message"].endswith("must be a JSON object")

    run_story(story())


def test_faults_are_ordered_where_that_is_open() -> None:
    async def story() -> None:
        async with serving(acts=PretendActs(faults_open=True, hung=True)) as engine:
            assert await engine.post("/fairlead/v1/faults", {"fault": "errors"}) == (200, {"fault": "errors"})
            status, body = await engine.post("/fairlead/v1/faults", {})
        assert (status, body["error"]["message"]) == (400, "fault: missing; write one")

    run_story(story())
