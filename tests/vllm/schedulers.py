"""vLLM's own scheduler beside ours, step for step: the same requests, and what each of the two would compute next.

Runs in an interpreter that has vLLM and, on its path, this tree and its `operator`: `python schedulers.py 200` plays
that many drawn cases and prints, as JSON, what agreed and where a case first differed. No model is loaded and no token
is real: vLLM gets the tokens that our engine made. Compared in each step is who is in it with how many tokens, who runs
in which order, who was preempted how often, who has ended, and how many pages are free.
"""

import json
import random
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch  # type: ignore[import-not-found]  # where vLLM is
from vllm.config import (  # type: ignore[import-not-found]
    CacheConfig,
    DeviceConfig,
    LoRAConfig,
    ModelConfig,
    SchedulerConfig,
    SpeculativeConfig,
    VllmConfig,
)
from vllm.lora.request import LoRARequest  # type: ignore[import-not-found]
from vllm.sampling_params import SamplingParams  # type: ignore[import-not-found]
from vllm.utils.hashing import sha256  # type: ignore[import-not-found]
from vllm.v1.core.kv_cache_utils import get_request_block_hasher, init_none_hash  # type: ignore[import-not-found]
from vllm.v1.core.sched.scheduler import Scheduler  # type: ignore[import-not-found]
from vllm.v1.kv_cache_interface import (  # type: ignore[import-not-found]
    FullAttentionSpec,
    KVCacheConfig,
    KVCacheGroupSpec,
)
from vllm.v1.outputs import DraftTokenIds, ModelRunnerOutput  # type: ignore[import-not-found]
from vllm.v1.request import Request as TheirRequest  # type: ignore[import-not-found]
from vllm.v1.request import RequestStatus
from vllm.v1.structured_output import StructuredOutputManager  # type: ignore[import-not-found]

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.engine.steps import Emission, EngineStep
from tests.vllm.scheduler_cases import ADAPTERS, PAGE, CaseRequest, draw

MODEL: Final = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
    "max_position_embeddings": 4096,
}
"""Enough of a model for a configuration; its weights are never read."""
LAST_STEP: Final = 3000

Theirs = Any
"""vLLM's own types, which our interpreter does not have."""


class Tick:
    """A step a second: only the order of steps matters here."""

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:  # noqa: ARG002  # all alike
        """One second."""
        return DecodeLine(1.0, 0.0)

    def seconds(self, batch: StepBatch) -> float:  # noqa: ARG002  # all alike
        """One second."""
        return 1.0


def as_theirs(one: CaseRequest, hasher: Theirs) -> Theirs:
    """The request for vLLM."""
    adapter = ADAPTERS[one.adapter]
    return TheirRequest(
        request_id=f"{one.serial:04d}",
        prompt_token_ids=[one.token(place) for place in range(one.prompt)],
        sampling_params=SamplingParams(max_tokens=one.output, ignore_eos=True),
        pooling_params=None,
        arrival_time=float(one.serial),
        priority=one.priority,
        block_hasher=hasher,
        lora_request=LoRARequest(adapter, one.adapter, f"/{adapter}") if adapter else None,
    )


class Differs(Exception):
    """The two schedulers differ."""


@dataclass(slots=True)
class Pair:
    """One case in both schedulers."""

    settings: EngineSettings
    ours: EngineCore
    theirs: Theirs
    hasher: Theirs
    requests: dict[int, CaseRequest] = field(default_factory=dict)
    mine: dict[int, EngineRequest] = field(default_factory=dict)
    other: dict[int, Theirs] = field(default_factory=dict)
    leaving: dict[int, list[int]] = field(default_factory=dict)
    now: float = 0.0
    steps: int = 0

    def add(self, one: CaseRequest, at: int) -> None:
        """Add a request to both, unless it can never run."""
        request = one.ours(named=self.settings.prefix_caching)
        if self.ours.add(request) is not None:
            return
        self.requests[one.serial], self.mine[one.serial] = one, request
        self.other[one.serial] = as_theirs(one, self.hasher)
        self.theirs.add_request(self.other[one.serial])
        if one.leaves_after is not None:
            self.leaving.setdefault(at + one.leaves_after, []).append(one.serial)

    def leave(self, at: int) -> None:
        """Cancel the requests whose clients leave now."""
        for serial in self.leaving.pop(at, []):
            self.ours.abort(self.mine[serial], self.now)
            self.theirs.finish_requests(f"{serial:04d}", RequestStatus.FINISHED_ABORTED)

    def step(self) -> bool:
        """Run one step of both and compare; whether there was one."""
        step = self.ours.begin(self.now)
        scheduled = self.theirs.schedule()
        while step is not None and not scheduled.total_num_scheduled_tokens and self.theirs.has_unfinished_requests():
            self.theirs.update_from_output(scheduled, _answer({}))  # a request preempting itself leaves an empty step
            scheduled = self.theirs.schedule()
        self._compare_schedules(step, {int(name): count for name, count in scheduled.num_scheduled_tokens.items()})
        if step is None:
            return False
        emissions = self.ours.complete(step, step.ends)
        self.now = step.ends
        self.steps += 1
        self._give_tokens(scheduled, emissions)
        self._compare_ends()
        return True

    def _compare_schedules(self, step: EngineStep | None, theirs: dict[int, int]) -> None:
        running = [int(one.request_id) for one in self.theirs.running]
        free = self.theirs.kv_cache_manager.block_pool.get_num_free_blocks()
        mine = {request.serial: tokens for request, tokens in (*step.prompts, *step.decodes)} if step else {}
        order = [request.serial for request in self.ours.progress()]
        if step is not None and step.lockstep:
            mine |= {serial: 1 for serial in order if self.mine[serial].mark is not None}
        if (mine, order, self.ours.free_pages) != (theirs, running, free):
            raise Differs(f"step {self.steps}: {mine} {order} {self.ours.free_pages} against {theirs} {running} {free}")

    def _give_tokens(self, scheduled: Theirs, emissions: list[Emission]) -> None:
        """Give vLLM the tokens that our engine made, and new drafts for those that decode."""
        made = {one.request.serial: one.tokens for one in emissions}
        sampled: dict[str, list[int]] = {}
        for name in scheduled.num_scheduled_tokens:
            serial = int(name)
            first = self.other[serial].num_tokens
            sampled[name] = [self.requests[serial].token(first + at) for at in range(made.get(serial, 0))]
        self.theirs.update_from_output(scheduled, _answer(sampled))
        if self.settings.speculation is not None:
            drafts = [[1] * scheduled.num_spec_tokens_to_schedule for _ in sampled]
            self.theirs.update_draft_token_ids(DraftTokenIds(list(sampled), drafts))

    def _compare_ends(self) -> None:
        for serial, request in self.mine.items():
            other = self.other[serial]
            mine = (request.status is EngineRequestStatus.ENDED, request.preemptions)
            theirs = (other.is_finished(), other.num_preemptions)
            if mine != theirs:
                raise Differs(f"step {self.steps}: request {serial} has ended, was preempted: {mine} against {theirs}")


def _answer(sampled: dict[str, list[int]]) -> Theirs:
    return ModelRunnerOutput(
        req_ids=list(sampled),
        req_id_to_index={name: at for at, name in enumerate(sampled)},
        sampled_token_ids=list(sampled.values()),
        logprobs=None,
        prompt_logprobs_dict={},
        pooler_output=[],
    )


def scheduler(settings: EngineSettings, model: Theirs) -> Theirs:
    """vLLM's scheduler, under the same limits."""
    model.max_model_len = settings.context_tokens
    config = VllmConfig(
        model_config=model,
        device_config=DeviceConfig("cpu"),
        cache_config=CacheConfig(block_size=PAGE, enable_prefix_caching=settings.prefix_caching),
        lora_config=LoRAConfig(max_loras=settings.adapter_slots) if settings.adapter_slots else None,
        speculative_config=SpeculativeConfig(**_drafting(settings.speculation)) if settings.speculation else None,
        scheduler_config=SchedulerConfig(
            max_num_seqs=settings.max_sequences,
            max_num_batched_tokens=settings.batch_tokens,
            max_model_len=settings.context_tokens,
            enable_chunked_prefill=True,
            long_prefill_token_threshold=settings.long_prefill_tokens,
            policy=settings.policy.value,
            async_scheduling=False,
            is_encoder_decoder=False,
            scheduler_reserve_full_isl=settings.reserve_whole_prompt,
            watermark=settings.watermark,
        ),
    )
    config.cache_config.num_gpu_blocks = settings.blocks
    layer = FullAttentionSpec(block_size=PAGE, num_kv_heads=1, head_size=1, dtype=torch.float32)
    groups = [KVCacheGroupSpec(["layer"], layer)]
    return Scheduler(
        vllm_config=config,
        kv_cache_config=KVCacheConfig(num_blocks=settings.blocks, kv_cache_tensors=[], kv_cache_groups=groups),
        structured_output_manager=StructuredOutputManager(config),
        block_size=PAGE,
        hash_block_size=PAGE,
        log_stats=True,
    )


def _drafting(ours: SpeculationSettings) -> dict[str, Any]:
    """By n-gram, which needs no model."""
    starts = [1, *(most + 1 for most, _ in ours.by_batch)]
    rows = [[start, most, tokens] for start, (most, tokens) in zip(starts, ours.by_batch, strict=False)]
    by_batch = {"num_speculative_tokens_per_batch_size": rows} if rows else {}
    return {"method": "ngram", "num_speculative_tokens": ours.tokens, **by_batch}


def play(seed: int, model: Theirs) -> tuple[Pair, str]:
    """One case to its end, or to where the two differ."""
    settings, requests = draw(seed)
    dice = random.Random(seed)  # noqa: S311  # no secret
    settings = replace(settings, max_sequences=min(settings.max_sequences, settings.batch_tokens))
    hasher = get_request_block_hasher(PAGE, sha256) if settings.prefix_caching else None
    pair = Pair(settings, EngineCore(settings, Tick(), dice, plain=seed % 2 == 0), scheduler(settings, model), hasher)
    try:
        for at in range(LAST_STEP):
            for one in (one for one in requests if one.step == at):
                pair.add(one, at)
            pair.leave(at)
            if not pair.step() and at > requests[-1].step:
                return pair, ""
    except Differs as difference:
        return pair, f"case {seed}, {settings}: {difference}"
    return pair, f"case {seed} did not end"


def main() -> int:
    """Play the requested number of cases; the counts and the differences as JSON on the last line."""
    init_none_hash(sha256)
    found: dict[str, Any] = {"cases": 0, "steps": 0, "preemptions": 0, "hits": 0, "drafts": 0, "differences": []}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(MODEL), encoding="utf-8")
        model = ModelConfig(model=folder, skip_tokenizer_init=True, dtype="float32", enforce_eager=True)
        for seed in range(int(sys.argv[1])):
            pair, difference = play(seed, model)
            found["cases"] += 1
            found["steps"] += pair.steps
            found["preemptions"] += pair.ours.counts.preemptions
            found["hits"] += pair.ours.counts.hits
            found["drafts"] += pair.ours.counts.draft_tokens
            found["differences"] += [difference] if difference else []
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
