"""The routes of VLLM_SERVER_DEV_MODE: sleep, pause, an emptied cache."""

import threading

from tests.conformance import page
from tests.conformance.endpoint import Answer, Endpoint
from tests.conformance.servers import CONTEXT
from tests.waiting import eventually


def test_an_engine_that_is_awake_says_so(rich: Endpoint) -> None:
    assert rich.get("/is_sleeping").json == {"is_sleeping": False}
    assert rich.get("/is_paused").json == {"is_paused": False}


def test_an_engine_sleeps_and_wakes(rich: Endpoint) -> None:
    assert rich.post("/sleep?level=1").json == {"status": "sleeping", "level": 1}
    assert rich.get("/health").status == 200
    assert rich.post("/wake_up").json == {"status": "awake", "tags": None}
    assert rich.get("/is_sleeping").json == {"is_sleeping": False}
    assert rich.complete("hello", max_tokens=1).status == 200


def test_there_is_no_sleep_deeper_than_two(rich: Endpoint) -> None:
    answer = rich.post("/sleep?level=7")
    assert (answer.status, answer.json["error"]["param"]) == (400, "query.level")


def test_a_paused_engine_reports_healthy_and_answers_no_request_until_it_resumes(rich: Endpoint) -> None:
    assert rich.post("/pause").json == {"status": "paused"}
    answers: list[Answer] = []
    thread = threading.Thread(
        target=lambda: answers.append(rich.complete("hello", max_tokens=2, ignore_eos=True)), daemon=True
    )
    try:
        assert rich.get("/is_paused").json == {"is_paused": True}
        thread.start()
        eventually(lambda: rich.get("/load").json == {"server_load": 1}, "the request is in work")
        thread.join(0.5)
        assert answers == []
        assert rich.get("/health").status == 200
        seen = page.now(rich)
        assert (seen.value("vllm:num_requests_running"), seen.value("vllm:num_requests_waiting")) == (0, 0)
    finally:
        assert rich.post("/resume").json == {"status": "resumed"}
        thread.join(30)
    assert [answer.status for answer in answers] == [200]
    eventually(lambda: rich.get("/load").json == {"server_load": 0}, "nothing is in work")


def test_an_emptied_cache_knows_no_prompt(rich: Endpoint) -> None:
    prompt = [223] * 65
    rich.complete(prompt, max_tokens=1)
    assert rich.post("/reset_prefix_cache").json == {"success": True}
    before = page.now(rich)
    rich.complete(prompt, max_tokens=1)
    queries, hits = "vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"
    grown = page.settled(rich, lambda now: now.value(queries) >= before.value(queries) + len(prompt))
    assert grown.value(hits) == before.value(hits)


def test_the_world_has_its_size(rich: Endpoint) -> None:
    assert rich.get("/get_world_size").json == {"world_size": 1}


def test_the_whole_configuration_is_reported(rich: Endpoint) -> None:
    vllm_config = rich.get("/server_info?config_format=json").json["vllm_config"]
    assert vllm_config["model_config"]["max_model_len"] == CONTEXT
    assert ("scheduler_config" in vllm_config) is not rich.differs("the whole configuration")
