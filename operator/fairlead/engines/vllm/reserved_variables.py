"""Variables that reach below the engine (its GPUs, libraries, Python), and those for settings that a field owns."""

from typing import Final

_GPUS: Final = "Kubernetes chooses the GPUs of a pod; another list hides them, or shows those of another pod"
_ONE_POD: Final = "a replica is one pod, and the engine would wait for other processes"

RESERVED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        (
            "CUDA_VISIBLE_DEVICES",
            "NVIDIA_VISIBLE_DEVICES",
            "HIP_VISIBLE_DEVICES",
            "ROCR_VISIBLE_DEVICES",
            "CUDA_DEVICE_ORDER",
        ),
        _GPUS,
        "remove it; spec.parallelism says how many GPUs a replica has, spec.accelerator which",
    ),
    (
        ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"),
        "every process of the engine would load libraries that its image was not tested with",
        "remove it; build the library into an image of your own and name that in spec.engine.image",
    ),
    (
        ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PATH"),
        "the engine would run programs or Python code that its image does not contain",
        "remove it; build the code into an image of your own and name that in spec.engine.image",
    ),
    (
        ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME"),
        "downloads must outlive the pod",
        "set spec.storage.cache; Fairlead chooses the folders in it",
    ),
    (
        ("TRANSFORMERS_OFFLINE",),
        "Fairlead sets it by the schemes of the sources",
        "remove it; without an hf:// source the engine never contacts the hub",
    ),
    (
        ("VLLM_USE_MODELSCOPE",),
        "hf:// sources would be read from another hub",
        "remove it; set HF_ENDPOINT for a mirror, or use a pvc:// or oci:// source",
    ),
    (
        ("VLLM_DISABLE_REQUEST_ID_RANDOMIZATION",),
        "clients name their requests, and the end of one would end another client's of the same name",
        "remove it",
    ),
    (("VLLM_SERVER_DEV_MODE",), "spec.engine.sleep.enabled owns it", "set spec.engine.sleep.enabled instead"),
    (
        ("VLLM_ALLOW_RUNTIME_LORA_UPDATING",),
        "spec.engine.lora owns it, and what the two endpoints load",
        "remove it; set spec.engine.lora and create objects of kind Adapter",
    ),
    (
        (
            "VLLM_DP_SIZE",
            "VLLM_DP_RANK",
            "VLLM_DP_RANK_LOCAL",
            "VLLM_DP_MASTER_IP",
            "VLLM_DP_MASTER_PORT",
            "MASTER_ADDR",
            "MASTER_PORT",
            "RANK",
            "LOCAL_RANK",
            "WORLD_SIZE",
        ),
        _ONE_POD,
        "remove it; spec.parallelism spreads a replica over its GPUs",
    ),
)
"""Names, why, and what to do."""
