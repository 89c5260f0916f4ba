"""The parsers of TensorRT-LLM's two lists, and the default for each model family.

The names are those of `serve/tool_parser/tool_parser_factory.py` and `llmapi/reasoning_parser.py`, fewer than vLLM's.
Its own `auto` exits if it finds none for the model; here the family decides, as for every engine.
"""

from typing import Final

from fairlead.engines.family_parsers import FamilyParser

AUTO: Final = "auto"
"""The engine decides by the model's type."""
_TOOLS: Final = """
auto deepseek_v3 deepseek_v31 deepseek_v32 deepseek_v4 gemma4 glm4 glm47 kimi_k2 kimi_k3 minimax_m2 minimax_m3
poolside_v1 qwen3 qwen3_coder
"""
_REASONING: Final = """
auto deepseek-r1 deepseek_v4 gemma4 kimi_k2 kimi_k25 kimi_k3 laguna minimax_m2 minimax_m2_append_think minimax_m3
nano-v3 nemotron-v3 poolside_v1 qwen3 qwen3_5
"""
TOOLS: Final = tuple(_TOOLS.split())
REASONING: Final = tuple(_REASONING.split())

OF_TOOLS: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("qwen2", "qwen3", ("qwen2.5", "qwq")),
    FamilyParser("qwen3", "qwen3", ("qwen3",), ("deepseek",)),
    FamilyParser("qwen3_moe", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_moe", "qwen3", ("qwen3",)),
    FamilyParser("qwen3_next", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_next", "qwen3", ("qwen3",)),
    FamilyParser("qwen3_vl_text", "qwen3"),
    FamilyParser("qwen3_vl_moe_text", "qwen3"),
    FamilyParser("qwen3_5_text", "qwen3_coder"),
    FamilyParser("qwen3_5_moe_text", "qwen3_coder"),
    FamilyParser("deepseek_v3", "deepseek_v31", ("deepseek-v3.1",)),
    FamilyParser("deepseek_v3", "deepseek_v3", ("deepseek-v3", "deepseek-r1")),
    FamilyParser("deepseek_v32", "deepseek_v32"),
    FamilyParser("kimi_k2", "kimi_k2"),
    FamilyParser("glm_moe_dsa", "glm47"),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax_m2"),
)
OF_REASONING: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("llama", "deepseek-r1", ("deepseek-r1-distill",)),
    FamilyParser("qwen2", "deepseek-r1", ("deepseek-r1-distill", "qwq")),
    FamilyParser("qwen3", "qwen3", ("qwen3",), ("deepseek", "instruct")),
    FamilyParser("qwen3_moe", "qwen3", ("qwen3",), ("coder", "instruct")),
    FamilyParser("qwen3_vl_text", "qwen3", ("thinking",)),
    FamilyParser("qwen3_vl_moe_text", "qwen3", ("thinking",)),
    FamilyParser("qwen3_5_text", "qwen3_5"),
    FamilyParser("qwen3_5_moe_text", "qwen3_5"),
    FamilyParser("deepseek_v3", "deepseek-r1", ("deepseek-r1",)),
    FamilyParser("kimi_k2", "kimi_k25", ("kimi-k2.5",)),
    FamilyParser("kimi_k2", "kimi_k2", ("thinking",)),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax_m2"),
)
"""In both tables the first matching row counts."""
