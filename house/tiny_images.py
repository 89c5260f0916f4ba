"""The tiny model as images, which pods mount as a volume: `oci://` needs neither network nor disk of a node.

An image with truncated weights is included, for tests of the error message.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devcluster import turns
from devcluster.cache import Cache
from devcluster.members import plain_image
from house import tiny_model

MODEL: Final = f"localhost/fairlead-tiny-llama:{tiny_model.EDITION}"
ADAPTER: Final = f"localhost/fairlead-tiny-llama-adapter:{tiny_model.EDITION}"
DRAFT: Final = f"localhost/fairlead-tiny-llama-draft:{tiny_model.EDITION}"
"""The model under another name: a draft that is always right, since a model cannot be its own draft."""
CORRUPT: Final = f"localhost/fairlead-tiny-llama-corrupt:{tiny_model.EDITION}"
WEIGHTS: Final = "model.safetensors"
SHAPE: Final[Mapping[str, int]] = {
    "layers": tiny_model.LAYERS,
    "hiddenSize": tiny_model.HIDDEN,
    "attentionHeads": tiny_model.HEADS,
    "kvHeads": tiny_model.KV_HEADS,
    "headSize": tiny_model.HEAD_DIM,
    "intermediateSize": tiny_model.INTER,
    "vocabularySize": tiny_model.VOCABULARY,
    "maxPosition": tiny_model.POSITIONS,
}
"""For `spec.model.shape`, since no catalogue has it."""


def archives(cache: Cache) -> tuple[Path, ...]:
    """Return all four archives; creates those that are missing."""
    model = _files(tiny_model.model(cache))
    half = model[WEIGHTS][0][: len(model[WEIGHTS][0]) // 2]
    contents = {
        MODEL: model,
        DRAFT: model,
        ADAPTER: _files(tiny_model.adapter(cache)),
        CORRUPT: model | {WEIGHTS: (half, 0o644)},
    }
    with turns.alone(cache.root / ".tiny-llama.lock", "writing the tiny model's images"):
        return tuple(_archive(cache, reference, files) for reference, files in contents.items())


def _archive(cache: Cache, reference: str, files: plain_image.Files) -> Path:
    path = cache.images / f"{reference.rpartition('/')[2].replace(':', '-')}.tar"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        plain_image.write(unfinished, reference, files)
        unfinished.replace(path)
    return path


def _files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), 0o644) for path in sorted(folder.iterdir())}


def main() -> int:
    """`python -m house.tiny_images`: create them, and print where they are."""
    print(*archives(Cache.chosen()), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
