"""The architecture of a model: the numbers that decide how many bytes it takes and how fast it can run.

Facts of a `config.json`, under names that mean the same for every family; the arithmetic is in `sizing`.
"""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.quantization import KvFormat, WeightFormat


class MatrixGroup(StrEnum):
    """A group of matrices that a checkpoint stores in one way."""

    EMBEDDING = "embedding"
    HEAD = "head"
    NORMS = "norms"
    ATTENTION = "attention"
    RECURRENT_IN = "recurrentIn"
    """Input projections of linear-attention layers; many four-bit checkpoints leave them in 16 bits."""
    RECURRENT_OUT = "recurrentOut"
    MLP = "mlp"
    EXPERTS = "experts"
    SHARED_EXPERTS = "sharedExperts"
    ROUTER = "router"
    VISION = "vision"
    MTP = "mtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention: one compressed vector a token instead of keys and values by head."""

    kv_rank: int
    rope_dim: int
    nope_dim: int
    value_dim: int
    query_rank: int | None = None
    """None: queries are not compressed."""
    index_dim: int | None = None
    """Width of the sparse indexer's own key, if the family has one."""
    index_heads: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertLayers:
    """Mixture of experts."""

    count: int
    per_token: int
    intermediate: int
    """Width of one expert."""
    shared_intermediate: int = 0
    """Width of all shared experts together, which every token passes."""
    first_dense: int = 0
    """Layers at the start with an ordinary MLP."""
    every: int = 1
    """Every n-th layer has experts; the others have an ordinary MLP."""
    beside_dense: bool = False
    """Each layer has an ordinary MLP beside its experts (Gemma 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrentLayers:
    """Linear attention (gated delta net): a state of fixed size a request, whatever the context."""

    layers: int
    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int
    kernel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowedLayers:
    """Layers that attend to a bounded number of tokens: sliding windows and attention chunks."""

    layers: int
    tokens: int
    chunked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WideLayers:
    """Full-attention layers whose heads differ from the windowed layers' (Gemma 4)."""

    head_dim: int
    kv_heads: int
    keys_are_values: bool = False
    """One projection serves both; the cache still holds both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionTower:
    """An image tower, as far as memory is concerned."""

    parameters: int | None = None
    """None: the catalogue knows that there is a tower, but not its size."""
    hidden: int = 1152
    intermediate: int = 4304
    patches_per_token: int = 4
    most_tokens: int = 4096
    """Tokens of the largest image: the profile run encodes at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeights:
    """How the checkpoint holds its weights."""

    format: WeightFormat = WeightFormat.NONE
    kept: frozenset[MatrixGroup] = frozenset()
    """Parts left in 16 bits although the format would cover them."""
    kept_layers: tuple[tuple[MatrixGroup, int], ...] = ()
    """Parts left in 16 bits in so many of their layers, but not in all."""
    eight_bit: frozenset[MatrixGroup] = frozenset()
    """Parts in FP8 by channel within a four-bit checkpoint, in all layers where they are quantized."""
    eight_bit_layers: tuple[tuple[MatrixGroup, int], ...] = ()
    """Parts in FP8 by channel in so many of those layers, but not in all."""
    described: bool = False
    """Whether `kept` and `eight_bit` were read from the checkpoint; otherwise they are what its format usually does."""
    block: int | None = None
    """Rows, and as many columns, that share one scale, in FP8 by blocks."""
    group: int | None = None
    """Weights that share one scale, in four bits; None: as many as is usual, 128."""
    cache: KvFormat = KvFormat.AUTO
    """The format of the KV cache for which it has scales, and which engines therefore take unless another is set."""
    cache_by_modelopt: bool = False
    """Whether ModelOpt states it, which every engine reads; what compressed-tensors states, only vLLM follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """One architecture."""

    name: str
    family: str
    """`model_type` of the text model."""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    intermediate: int
    """Width of an ordinary MLP; 0 if every layer has experts."""
    positions: int
    """The longest context that the model was made for."""
    original_positions: int | None = None
    """With LongRoPE, the context before it was lengthened, which vLLM takes unless one is set; None: without it."""
    tied: bool = False
    """Embedding and head are one matrix."""
    gated: bool = True
    """The MLP has three matrices instead of two."""
    query_key_value_bias: bool = False
    output_bias: bool = False
    query_key_norm: bool = False
    gated_attention: bool = False
    """The query projection is twice as wide, because it also computes a gate."""
    norms_per_layer: int = 2
    rotary_dim: int | None = None
    """Dimensions that rotate; None: the whole head."""
    rotary_stretch: float = 1.0
    """Factor by which linear rope scaling lengthens the table of angles."""
    latent: LatentAttention | None = None
    experts: ExpertLayers | None = None
    recurrent: RecurrentLayers | None = None
    window: WindowedLayers | None = None
    wide: WideLayers | None = None
    vision: VisionTower | None = None
    mtp_layers: int = 0
    stored: StoredWeights = StoredWeights()

    @property
    def full_layers(self) -> int:
        """Layers whose cache grows with the whole context."""
        bounded = self.window.layers if self.window else 0
        recurrent = self.recurrent.layers if self.recurrent else 0
        return self.layers - bounded - recurrent

    @property
    def attention_layers(self) -> int:
        """Layers with keys and values."""
        return self.layers - (self.recurrent.layers if self.recurrent else 0)

    @property
    def inner_widths(self) -> dict[MatrixGroup, int]:
        """Widths that tensor parallelism divides, by the matrices between them; experts may be spread whole instead."""
        value_dim = self.latent.value_dim if self.latent else self.head_dim
        widths = {MatrixGroup.ATTENTION: self.heads * value_dim}
        if self.experts:
            widths |= {
                MatrixGroup.EXPERTS: self.experts.intermediate,
                MatrixGroup.SHARED_EXPERTS: self.experts.shared_intermediate,
            }
        if self.recurrent:
            widths[MatrixGroup.RECURRENT_OUT] = self.recurrent.value_heads * self.recurrent.value_dim
        if self.expert_layers < self.layers or (self.experts and self.experts.beside_dense):
            widths[MatrixGroup.MLP] = self.intermediate
        return {group: width for group, width in widths.items() if width}

    @property
    def expert_layers(self) -> int:
        """Layers with experts."""
        return max(0, self.layers - self.experts.first_dense) // self.experts.every if self.experts else 0

    def layers_with(self, group: MatrixGroup) -> int:
        """Return how many layers have this part."""
        if group in {MatrixGroup.RECURRENT_IN, MatrixGroup.RECURRENT_OUT}:
            return self.recurrent.layers if self.recurrent else 0
        if group in {MatrixGroup.EXPERTS, MatrixGroup.SHARED_EXPERTS, MatrixGroup.ROUTER}:
            return self.expert_layers
        if group is MatrixGroup.MLP and not (self.experts and self.experts.beside_dense):
            return self.layers - self.expert_layers
        return self.attention_layers if group is MatrixGroup.ATTENTION else self.layers

    @property
    def padded_vocab(self) -> int:
        """Rows of the vocabulary's tables, which vLLM and SGLang pad to a multiple of 64 to divide them over GPUs."""
        return -(-self.vocab // 64) * 64

    def divides_heads(self, gpus: int) -> bool:
        """Whether so many GPUs can share the heads evenly; latent attention has one vector for all heads, on each GPU.

        Every engine repeats KV heads if there are fewer than GPUs, and then needs a whole number of copies of each;
        heads of linear attention are never repeated.
        """
        kv_heads = self.latent is not None or self.kv_heads % gpus == 0 or gpus % self.kv_heads == 0
        linear = self.recurrent is None or self.recurrent.key_heads % gpus == self.recurrent.value_heads % gpus == 0
        return self.heads % gpus == 0 and kv_heads and linear

    def divides_tables(self, gpus: int) -> bool:
        """Whether so many GPUs can share the vocabulary's tables and each dense layer evenly."""
        dense = (self.inner_widths.get(part, 0) for part in (MatrixGroup.MLP, MatrixGroup.SHARED_EXPERTS))
        return not any(width % gpus for width in (self.padded_vocab, *dense))
