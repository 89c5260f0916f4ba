"""Refusals that vLLM's parser and configuration cannot confirm on a machine without a GPU, each with its reason.

Everything else is confirmed by real vLLM; a row here that it confirms after all fails a test.
"""

from typing import Final

CAPABILITY: Final = "vLLM compares with the GPU it finds, and there is none"
LOADING: Final = "vLLM notices while it loads the weights, after its configuration"

STAND_IN: Final = "what stands in for the model is a folder"
VARIABLE: Final = "vLLM reads a variable, and the check passes only the arguments on"

_NOTHING: Final = "we render no flag, so vLLM would start and answer nothing of what the field promises"

NEEDS_A_GPU: Final = {
    "FP8 by channel needs the kernels of 8.9 and by tensor does not": CAPABILITY,
    "nothing is made while loading on a V100": CAPABILITY,
    "an AWQ checkpoint needs 7.5 and a GPTQ one runs on a V100": CAPABILITY,
    "an MXFP4 checkpoint asks for more than MXFP4 made while loading": CAPABILITY,
    "bfloat16 begins with 8.0": CAPABILITY,
    "int8 experts need experts": LOADING,
    "int8 experts need experts whatever the GPU": LOADING,
    "experts of 768 cannot be cut in sixteen and keep whole groups of 32": LOADING,
    "a width that is no multiple at all fits no number of GPUs": LOADING,
    "nor does such a width between layers": LOADING,
    "kernels before Ada do not divide the FP8 blocks of experts": LOADING,
    "nor are those of compressed tensors divided on any GPU": LOADING,
    "nor does a kernel of newer GPUs pad them": LOADING,
    "experts that adapters change are not padded": LOADING,
    "data-parallel copies divide experts that are not spread too": LOADING,
    "blocks of any other matrix stay whole on every GPU": LOADING,
    "so must KV heads": LOADING,
    "and with what is written instead, the vocabulary": LOADING,
    "so must the vocabulary, which is padded to a multiple of 64": LOADING,
    "so must dense layers": LOADING,
    "so must heads of linear attention": LOADING,
    "an FP8 cache before 8.9 is e5m2 or none": CAPABILITY,
    "a four-bit cache is the data centre's Blackwell's": CAPABILITY,
    "a four-bit cache on an A100 comes down to e5m2": CAPABILITY,
    "nor is the cache that a checkpoint has scales for": CAPABILITY,
    "and a T4 has no bfloat16 either": CAPABILITY,
    "auto is no way out of an FP8 cache for such a checkpoint": CAPABILITY,
    "a checkpoint's own four-bit cache is refused where there is none": CAPABILITY,
    "a bfloat16 cache begins with 8.0": CAPABILITY,
    "latent attention has no four-bit cache": CAPABILITY,
    "an FP8 checkpoint does not go with an e5m2 cache": LOADING,
    "an FP8 checkpoint on an old GPU has no eight-bit cache": CAPABILITY,
    "gguf is no load format any more": LOADING,
    "a loader that is spelled wrong": LOADING,
    "a loader like no other": LOADING,
    "an EAGLE head in a bucket beside a model that is in none": LOADING,
    "a model in a bucket and a loader of files": STAND_IN,
    "adapters of spread experts, divided by their rank too": LOADING,
    "an adapter in a bucket": "adapters are opened by a worker, after the configuration",
    "a longest graph of a field and another of an object": "on a processor vLLM captures no graphs",
    "a connector of memory that moves": VARIABLE,
    "main memory for blocks of memory that moves": VARIABLE,
    "offloading of memory that moves": VARIABLE,
}
"""vLLM refuses these too, later than its configuration or only beside a GPU."""

OURS: Final = {
    "tools of a family that has no parser": _NOTHING,
    "reasoning of a model that nobody knows": _NOTHING,
    "a flag beside the field that has come to own it": "vLLM takes the last of the two, and the spec would not say it",
    "bitsandbytes is gone and mxfp4 is the nearest that is made while loading": "we render no flag for what is gone",
    "a replica has as many GPUs as it is spread over": "vLLM counts the GPUs it is given when it starts",
    "ngram has no use for a draft model": "vLLM ignores what a person clearly meant",
    "an adapter's rank is at most 512": "adapters are checked when they are loaded; the flag has no larger rank",
    "an adapter is not called as the model is": "vLLM would serve one of the two under the name, whichever comes first",
    "adapters that come while it runs need a vLLM that keeps them apart": "an older release loads them, and its cache "
    "takes one for another",
    "adapters that come while it runs do not survive a sleep": "vLLM says nothing, and answers without them once awake",
    "a token in plain text belongs in a Secret": "what stands in a pod's environment anyone may read who may read pods",
}
"""We refuse these to save a failed start, or because vLLM would accept them and should not."""
