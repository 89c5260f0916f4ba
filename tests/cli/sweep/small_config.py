"""A config.json of a model small enough for a test."""

import json
from pathlib import Path


def written(tmp_path: Path, name: str = "draft.json", **changes: object) -> str:
    """Return the path of a file with Llama's vocabulary, unless changed."""
    numbers = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    more = {"model_type": "llama", "vocab_size": 128_256, "num_key_value_heads": 2, "max_position_embeddings": 512}
    place = tmp_path / name
    place.write_text(json.dumps(numbers | more | changes), encoding="utf-8")
    return str(place)
