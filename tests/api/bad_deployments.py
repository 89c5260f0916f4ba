"""Bad deployments whose fields contradict each other."""

from typing import Final

from tests.api.bad import Bad, but, canary, engine

DEPLOYMENT_RULES: Final = (
    Bad(
        story="fewer cpuSlots than slots",
        spec=engine(lora={"slots": 8, "cpuSlots": 4}),
        at="spec.engine.lora.cpuSlots",
        wording="cpuSlots counts the adapters of the slots too, so it cannot be smaller than slots; raise cpuSlots to "
        "at least slots, or remove it for four times slots",
    ),
    Bad(
        story="replicas beside scaling",
        spec=but(replicas=2, scaling={"maxReplicas": 4}),
        at="spec.replicas",
        wording="replicas and scaling cannot both decide the number of replicas; remove scaling",
    ),
    Bad(
        story="a router beside a gateway",
        spec=but(router={}, gateway={"name": "company"}),
        at="spec.router",
        wording="a deployment is served by its own router or through a gateway, not both; remove router",
    ),
    Bad(
        story="more GPUs than the engine will use",
        spec=but(accelerator={"product": "NVIDIA-L4", "count": 4}, parallelism={"tensor": 2}),
        at="spec.accelerator.count",
        wording="must be tensor x pipeline x data of spec.parallelism; remove accelerator.count",
    ),
    Bad(
        story="a real engine without a GPU",
        spec=but(accelerator={"product": "NVIDIA-L4", "resource": "none"}),
        at="spec.accelerator.resource",
        wording="an engine that computes needs a GPU; remove accelerator.resource",
    ),
    *(
        Bad(
            story=f"a processor written {product}",
            spec=but(accelerator={"product": product, "cores": 4, "memory": "8Gi"}),
            at="spec.accelerator.product",
            wording="this product must be written in capitals; write CPU, and set cores and memory",
        )
        for product in ("cpu", "Cpu", "CPUs")
    ),
    Bad(
        story="a processor without a number of cores",
        spec=but(accelerator={"product": "CPU", "memory": "8Gi"}),
        at="spec.accelerator.cores",
        wording="computes on as many cores as it is given, and no node label says how many; set accelerator.cores",
    ),
    Bad(
        story="a processor without memory",
        spec=but(accelerator={"product": "CPU", "cores": 4}),
        at="spec.accelerator.memory",
        wording="weights and KV cache are in the replica's own memory, and no node label says how much; "
        "set accelerator.memory",
    ),
    Bad(
        story="cores beside a GPU",
        spec=but(accelerator={"product": "NVIDIA-L4", "cores": 4}),
        at="spec.accelerator.cores",
        wording="cores is only for product CPU; beside a GPU cores are requested in spec.resources; remove cores and "
        "set resources.requests.cpu",
    ),
    Bad(
        story="memory beside a GPU",
        spec=but(accelerator={"product": "NVIDIA-L4", "memory": "8Gi"}),
        at="spec.accelerator.memory",
        wording="memory is only for product CPU; a GPU's own memory follows from its product, and main memory is "
        "requested in spec.resources; remove memory and set resources.requests.memory",
    ),
    Bad(
        story="a count of processors",
        spec=but(accelerator={"product": "CPU", "cores": 4, "memory": "8Gi", "count": 1}),
        at="spec.accelerator.count",
        wording="count is a number of GPUs, and a replica on CPU has cores instead; remove count",
    ),
    Bad(
        story="a processor as an extended resource",
        spec=but(accelerator={"product": "CPU", "cores": 4, "memory": "8Gi", "resource": "example.com/gpu"}),
        at="spec.accelerator.resource",
        wording="resource names GPUs, and a replica on CPU requests none; remove resource",
    ),
    *(
        Bad(
            story=f"{kind} on a processor",
            spec=but(
                engine={"kind": kind, "context": {"maxTokens": 4096}},
                accelerator={"product": "CPU", "cores": 4, "memory": "8Gi"},
            ),
            at="spec.accelerator.product",
            wording="on CPU only vLLM and SGLang can compute, and Simulated has only step times of GPUs; "
            "write engine.kind: vLLM",
        )
        for kind in ("Simulated", "Simulated-SGLang")
    ),
    Bad(
        story="GPUs without parallelism",
        spec=but(accelerator={"product": "NVIDIA-L4", "count": 2}),
        at="spec.accelerator.count",
        wording="or set parallelism.tensor to it",
    ),
    Bad(
        story="a revision of a volume",
        spec=but(model={"source": "pvc://models/chat", "revision": "main"}),
        at="spec.model.revision",
        wording="only hf:// sources have revisions; remove revision",
    ),
    Bad(
        story="a draft model without a draft",
        spec=engine(speculation={"method": "draftModel"}),
        at="spec.engine.speculation.draft",
        wording="methods draftModel and eagle3 need a draft model; set draft.source",
    ),
    Bad(
        story="a draft model with method ngram",
        spec=engine(speculation={"method": "ngram", "draft": {"source": "hf://a/b"}}),
        at="spec.engine.speculation.draft",
        wording="method ngram takes draft tokens from the prompt and loads no draft model; remove draft",
    ),
    Bad(
        story="an engine that cannot sleep",
        spec=engine(kind="SGLang", sleep={"enabled": True}),
        at="spec.engine.sleep.enabled",
        wording="engines of this kind cannot be put to sleep; remove sleep",
    ),
    Bad(
        story="lookups without ngram",
        spec=engine(speculation={"method": "mtp", "lookupMin": 2}),
        at="spec.engine.speculation.lookupMin",
        wording="lookupMin and lookupMax belong to method ngram; remove both",
    ),
    Bad(
        story="lookupMin above lookupMax",
        spec=engine(speculation={"method": "ngram", "lookupMin": 5, "lookupMax": 2}),
        at="spec.engine.speculation.lookupMin",
        wording="lookupMin must not exceed lookupMax (2); lower lookupMin",
    ),
    Bad(
        story="a step too small for its batch",
        spec=engine(batching={"maxSequences": 256, "maxBatchedTokens": 128}),
        at="spec.engine.batching.maxBatchedTokens",
        wording="must not be below maxSequences (256): each running request needs a token a step; "
        "raise maxBatchedTokens",
    ),
    Bad(
        story="a variable without a value",
        spec=engine(env=[{"name": "A"}]),
        at="spec.engine.env[0].value",
        wording="a variable has either value or valueFrom; keep one of them",
    ),
    Bad(
        story="a variable with neither value nor source",
        spec=engine(env=[{"name": "A", "valueFrom": {}}]),
        at="spec.engine.env[0].valueFrom.secretKeyRef",
        wording="valueFrom reads either secretKeyRef or configMapKeyRef",
    ),
    Bad(
        story="a chat template from two places",
        spec=engine(chatTemplate={"inline": "{{ messages }}", "path": "/t.jinja"}),
        at="spec.engine.chatTemplate.inline",
        wording="a chat template comes from exactly one of inline, path and configMap; keep one of them",
    ),
    Bad(
        story="a chat template without a source",
        spec=engine(chatTemplate={}),
        at="spec.engine.chatTemplate.inline",
        wording="remove chatTemplate to use the model's own",
    ),
    Bad(
        story="a toleration that compares nothing",
        spec=but(placement={"tolerations": [{"operator": "Exists", "key": "a", "value": "b"}]}),
        at="spec.placement.tolerations[0].value",
        wording="operator Exists compares no value; remove value",
    ),
    Bad(
        story="a toleration without a key",
        spec=but(placement={"tolerations": [{"value": "b"}]}),
        at="spec.placement.tolerations[0].key",
        wording="operator Equal compares the value of a key; set key",
    ),
    Bad(
        story="canary steps without strategy Canary",
        spec=but(rollout={"strategy": "Surge", "canary": {}}),
        at="spec.rollout.canary",
        wording="only strategy Canary has steps and gates; use strategy Canary, or remove canary",
    ),
    Bad(
        story="a surge without spare GPUs",
        spec=but(rollout={"strategy": "Replace", "maxSurge": 1}),
        at="spec.rollout.maxSurge",
        wording="remove maxSurge, or use strategy Surge if there are spare GPUs",
    ),
    Bad(
        story="strategy Replace with maxUnavailable 0",
        spec=but(rollout={"strategy": "Replace", "maxUnavailable": 0}),
        at="spec.rollout.maxUnavailable",
        wording="set maxUnavailable to 1 or more",
    ),
    Bad(
        story="a rollout with maxSurge 0 and maxUnavailable 0",
        spec=but(rollout={"strategy": "Surge", "maxSurge": 0}),
        at="spec.rollout.maxSurge",
        wording="with maxSurge 0 and maxUnavailable 0 no replica can be replaced; set maxSurge to 1",
    ),
    Bad(
        story="canary steps with shrinking traffic",
        spec=canary({"traffic": 50}, {"traffic": 10}),
        at="spec.rollout.canary.steps",
        wording="the traffic of a canary must not shrink from step to step; order the steps by traffic",
    ),
    Bad(
        story="canary steps with shrinking replicas",
        spec=canary({"replicas": 2}, {"traffic": 5}, {"replicas": 1, "traffic": 10}),
        at="spec.rollout.canary.steps",
        wording="the replicas of a canary must not shrink from step to step; order the steps by replicas",
    ),
    Bad(
        story="a canary whose gate comes after most users have it",
        spec=canary({"traffic": 10, "gates": ["Manual"]}, {"traffic": 51, "gates": ["Service"]}),
        at="spec.rollout.canary.steps",
        wording="no step may have more than 50 percent of the traffic before gate Service has passed; give a step with "
        "at most 50 percent gates: [Service]",
    ),
    Bad(
        story="a gate Service at a step without traffic",
        spec=canary({"gates": ["Service"]}),
        at="spec.rollout.canary.steps[0].gates",
        wording="gate Service compares users' requests, and with traffic 0 none reaches the new revision; set traffic",
    ),
    Bad(
        story="a limit of 1 for first tokens",
        spec=but(rollout={"strategy": "Canary", "canary": {"service": {"maxTtftRatio": "1"}}}),
        at="spec.rollout.canary.service.maxTtftRatio",
        wording="no test can prove that nothing got slower, so a ratio of 1 would never pass; write 1.1 or more",
    ),
    Bad(
        story="a limit of 1 for further tokens",
        spec=but(rollout={"strategy": "Canary", "canary": {"service": {"maxTpotRatio": "1.0"}}}),
        at="spec.rollout.canary.service.maxTpotRatio",
        wording="no test can prove that nothing got slower, so a ratio of 1 would never pass; write 1.1 or more",
    ),
    Bad(
        story="a canary with maxSurge 0 and maxUnavailable 0",
        spec=but(rollout={"strategy": "Canary", "maxSurge": 0, "maxUnavailable": 0}),
        at="spec.rollout.maxSurge",
        wording="with maxSurge 0 and maxUnavailable 0 no replica can be replaced; set maxSurge to 1",
    ),
    Bad(
        story="minReplicas above maxReplicas",
        spec=but(scaling={"minReplicas": 9, "maxReplicas": 8}),
        at="spec.scaling.minReplicas",
        wording="minReplicas must not exceed maxReplicas (8); raise maxReplicas or lower minReplicas",
    ),
    Bad(
        story="minReplicas 0 without a policy",
        spec=but(scaling={"minReplicas": 0, "maxReplicas": 2}),
        at="spec.scaling.minReplicas",
        wording="name a policy with idle.scaleToZero, or set minReplicas to 1",
    ),
)
