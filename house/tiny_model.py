"""A Llama of two layers with random weights, its tokenizer and an adapter, generated from a seed.

Real vLLM on CPU serves it, so that the conformance suite can compare our engine with the original without fetching
anything. It writes the three file formats itself (safetensors, tokenizer.json, a model's config.json) without the usual
libraries: the interpreter that creates it need not be the one that has vLLM.
"""

import json
import random
import shutil
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache

VOCABULARY: Final = 512
HIDDEN, INTER, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 64, 128, 2, 4, 2, 32
POSITIONS: Final = 8192
RANK: Final = 8
SEED: Final = 20261120
EDITION: Final = 4
"""Part of the folder's name: raised with each change of what is written here, so that a stale copy is never served."""
SPECIAL: Final = ("<unk>", "<s>", "</s>")
END: Final = SPECIAL.index("</s>")
CONSTANT, DISLIKE = 1.0, -2.0
"""The first number of every embedding, and the head's weight for it with tokens that should rarely be drawn.

Whatever the layers add is small beside it, so it reaches the head in every step and works as a bias, which a Llama does
not have: without it random weights get lost in white space, which a JSON grammar allows, and in partial characters."""
CHAT: Final = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SCHOOLBOOK: Final = (
    "the engine that serves a model reads the prompt in steps and writes the answer token by token . when the queue "
    "is long a request waits until there is room for the whole of its prompt , and when a block of the cache is known "
    "already it is not computed again . a request that ends gives its blocks back , and those that were read last "
    "are kept longest . tell me a story about the sea and the ships that come home in the evening . what is the name "
    "of the town ? count from one to ten , please . hello world , how are you today ? I am well , thank you . "
    "every morning the harbour master walks along the quay , looks over the water and writes down which boats have "
    "gone out and which have come back . children run between baskets of fish , gulls cry above the roofs , somebody "
    "mends a net . in winter storms keep everybody inside ; then old sailors sit around the fire and tell what they "
    "have seen : islands without people , lights under the waves , a whale that followed them for three days ."
)
"""The training text for the tokenizer's merges: enough English for tokens of several letters."""


def model(cache: Cache) -> Path:
    """Return the folder `tiny` in the cache; creates it if missing."""
    place = cache.root / f"tiny-llama-{EDITION}"
    if not (place / "ready").exists():
        with turns.alone(cache.root / ".tiny-llama.lock", "writing the tiny model"):
            if not (place / "ready").exists():
                write(place)
    return place / "tiny"


def adapter(cache: Cache) -> Path:
    """Return a LoRA adapter for it, in the same folder."""
    return model(cache).parent / "adapter"


def write(place: Path) -> None:
    """Write the model and its adapter into an empty folder."""
    shutil.rmtree(place, ignore_errors=True)
    chance = random.Random(SEED)  # noqa: S311  # weights, not a secret
    _write_model(place / "tiny", chance)
    _write_adapter(place / "adapter", chance)
    (place / "ready").touch()


def _write_model(place: Path, chance: random.Random) -> None:
    place.mkdir(parents=True)
    merges = learn(SCHOOLBOOK.split(), VOCABULARY - len(SPECIAL) - len(_letters()))
    tokens = [*SPECIAL, *_letters().values(), *(left + right for left, right in merges)]
    _write_json(place / "config.json", _config())
    _write_json(place / "generation_config.json", {"bos_token_id": 1, "eos_token_id": END})
    _write_json(place / "tokenizer.json", _tokenizer(tokens, merges))
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": POSITIONS, "chat_template": CHAT}
    _write_json(place / "tokenizer_config.json", kind | {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"})
    write_tensors(place / "model.safetensors", dict(_shapes()), chance, _first_numbers(tokens))


def _write_adapter(place: Path, chance: random.Random) -> None:
    place.mkdir(parents=True)
    kind = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": RANK, "bias": "none"}
    _write_json(place / "adapter_config.json", kind | {"target_modules": ["q_proj", "v_proj"]})
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(LAYERS):
        for name, width in (("q_proj", HEADS * HEAD_DIM), ("v_proj", KV_HEADS * HEAD_DIM)):
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            shapes |= {f"{stem}.lora_A.weight": (RANK, HIDDEN), f"{stem}.lora_B.weight": (width, RANK)}
    write_tensors(place / "adapter_model.safetensors", shapes, chance, {})


def write_adapter(place: Path, seed: int, rank: int = RANK, hidden: int = HIDDEN, base: str = "") -> Path:
    """Write another adapter into an empty folder, strong enough that answers differ; optionally of another size.

    Its scale makes up for the small random weights: a test must see which version answered.
    """
    place.mkdir(parents=True)
    kind = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 8 * rank, "bias": "none"}
    named = {"base_model_name_or_path": base} if base else {}
    _write_json(place / "adapter_config.json", kind | named | {"target_modules": ["q_proj", "v_proj"]})
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(LAYERS):
        for name, width in (("q_proj", HEADS * HEAD_DIM), ("v_proj", KV_HEADS * HEAD_DIM)):
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            shapes |= {f"{stem}.lora_A.weight": (rank, hidden), f"{stem}.lora_B.weight": (width, rank)}
    chance = random.Random(seed)  # noqa: S311  # weights, not a secret
    write_tensors(place / "adapter_model.safetensors", shapes, chance, {})
    return place


def _config() -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": INTER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD_DIM,
        "hidden_act": "silu",
        "max_position_embeddings": POSITIONS,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": END,
        "torch_dtype": "float32",
    }


def _shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor of a Llama by its name in checkpoints."""
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        stem = f"model.layers.{layer}"
        yield f"{stem}.self_attn.q_proj.weight", (HEADS * HEAD_DIM, HIDDEN)
        yield f"{stem}.self_attn.k_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"{stem}.self_attn.v_proj.weight", (KV_HEADS * HEAD_DIM, HIDDEN)
        yield f"{stem}.self_attn.o_proj.weight", (HIDDEN, HEADS * HEAD_DIM)
        yield f"{stem}.mlp.gate_proj.weight", (INTER, HIDDEN)
        yield f"{stem}.mlp.up_proj.weight", (INTER, HIDDEN)
        yield f"{stem}.mlp.down_proj.weight", (HIDDEN, INTER)
        yield f"{stem}.input_layernorm.weight", (HIDDEN,)
        yield f"{stem}.post_attention_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def _first_numbers(tokens: Sequence[str]) -> dict[str, Sequence[float]]:
    """The first value in each row of the embedding and of the head."""
    plain = {letter for byte, letter in _letters().items() if ord("!") <= byte <= ord("~")}
    space = _letters()[ord(" ")]
    disliked = {space, *SPECIAL[:END]}
    liked = [word not in disliked and set(word.removeprefix(space)) <= plain for word in tokens]
    return {
        "model.embed_tokens.weight": [CONSTANT] * len(tokens),
        "lm_head.weight": [0.0 if like else DISLIKE for like in liked],
    }


def write_tensors(
    path: Path, shapes: dict[str, tuple[int, ...]], chance: random.Random, first: dict[str, Sequence[float]]
) -> None:
    """Write a safetensors file: length of the header, the header as JSON, then little-endian floats; norms are ones."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    values = array("f")
    for name, shape in shapes.items():
        begin, size = len(values), shape[0] * (shape[1] if len(shape) == 2 else 1)
        values.extend([1.0] * size if len(shape) == 1 else [chance.gauss(0.0, 0.1) for _ in range(size)])
        for row, number in enumerate(first.get(name, ())):
            values[begin + row * shape[1]] = number
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [4 * begin, 4 * len(values)]}
    if sys.byteorder == "big":
        values.byteswap()
    words = json.dumps(header, separators=(",", ":")).encode()
    words += b" " * (-len(words) % 8)
    path.write_bytes(struct.pack("<Q", len(words)) + words + values.tobytes())


def _tokenizer(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> dict[str, object]:
    """A byte-level BPE tokenizer; merges are learnt from the training text until the vocabulary is full."""
    plain = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": place, "content": word, "special": True, "normalized": False}
            | {"single_word": False, "lstrip": False, "rstrip": False}
            for place, word in enumerate(SPECIAL)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", **plain},
        "post_processor": {"type": "ByteLevel", **plain},
        "decoder": {"type": "ByteLevel", **plain},
        "model": {
            "type": "BPE",
            "vocab": {word: place for place, word in enumerate(tokens)},
            "merges": [list(pair) for pair in merges],
        },
    }


def _letters() -> dict[int, str]:
    """The printable letter of each byte in byte-level tokenizers."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + place) for place, byte in enumerate(rest)}


def learn(words: Sequence[str], count: int) -> list[tuple[str, str]]:
    """The `count` most frequent pairs, in the order of joining; a tie goes to the lesser pair."""
    space = _letters()[ord(" ")]
    counts = Counter((space, *word) for word in words) + Counter(tuple(word) for word in words)
    merges: list[tuple[str, str]] = []
    taken: set[str] = set()
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for letters, times in counts.items():
            for pair in pairwise(letters):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        counts = Counter({_joined(letters, best): times for letters, times in counts.items()})
        if "".join(best) not in taken:
            taken.add("".join(best))
            merges.append(best)
    return merges


def _joined(letters: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    made: list[str] = []
    for letter in letters:
        if made and (made[-1], letter) == pair:
            made[-1] += letter
        else:
            made.append(letter)
    return tuple(made)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def main() -> int:
    """`python -m house.tiny_model`: create it, and print where it is."""
    print(model(Cache.chosen()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
