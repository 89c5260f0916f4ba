"""The parsers of vLLM 0.32's two registries, and the default for each model family.

A test compares the names with the real registries. Families document their formats on their model cards; a name narrows
a family whose members differ, since a wrong parser leaves every call in the text without an error.
"""

from typing import Final

from fairlead.engines.family_parsers import FamilyParser

_TOOLS: Final = """
apertus cohere_command3 cohere_command4 deepseek_v3 deepseek_v31 deepseek_v32 deepseek_v4 deepseek_v41 dots ernie45
functiongemma gemma4 gigachat3 glm45 glm47 granite granite-20b-fc granite4 hermes hf hunyuan_a13b hy_v3 hy_v4 inkling
internlm jamba k2_horizon kimi_k2 kimi_k3 lfm2 ling3 llama3_json llama4_json llama4_pythonic longcat mimo minicpm5
minimax_m2 minimax_m3 mistral muse_glimmer olmo3 openai phi4_mini_json plamo3 poolside_v1 pythonic qwen3_coder
qwen3_json qwen3_xml seed_oss step3 step3p5 xlam
"""
_REASONING: Final = """
cohere_command3 cohere_command4 deepseek_r1 deepseek_v3 deepseek_v4 deepseek_v41 ernie45 gemma4 glm45 glm47 granite
granite_thinking_parser hf holo2 hunyuan_a13b hy_v3 hy_v4 inkling k2_horizon kimi_k2 kimi_k3 ling3 mimo minicpmv
minimax_m2 minimax_m2_append_think minimax_m3 mistral muse_glimmer nemotron_v3 olmo3 openai_gptoss plamo3 poolside_v1
qwen3 seed_oss step3 step3p5
"""
TOOLS: Final = tuple(_TOOLS.split())
REASONING: Final = tuple(_REASONING.split())

OF_TOOLS: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("llama", "llama3_json", ("llama-3.",)),
    FamilyParser("llama4_text", "llama4_pythonic"),
    FamilyParser("mistral", "mistral", ("mistral",), ("v0.1", "v0.2")),
    FamilyParser("qwen2", "hermes", ("qwen2.5", "qwq")),
    FamilyParser("qwen3", "hermes", ("qwen3",), ("deepseek",)),
    FamilyParser("qwen3_moe", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_moe", "hermes", ("qwen3",)),
    FamilyParser("qwen3_next", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_next", "hermes", ("qwen3",)),
    FamilyParser("qwen3_vl_text", "hermes"),
    FamilyParser("qwen3_vl_moe_text", "hermes"),
    FamilyParser("qwen3_5_text", "qwen3_coder"),
    FamilyParser("qwen3_5_moe_text", "qwen3_coder"),
    FamilyParser("deepseek_v3", "deepseek_v31", ("deepseek-v3.1",)),
    FamilyParser("deepseek_v3", "deepseek_v3", ("deepseek-v3", "deepseek-r1")),
    FamilyParser("deepseek_v32", "deepseek_v32"),
    FamilyParser("kimi_k2", "kimi_k2"),
    FamilyParser("glm_moe_dsa", "glm47"),
    FamilyParser("granite", "granite", ("granite-3.",)),
    FamilyParser("gpt_oss", "openai"),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax_m2"),
    FamilyParser("phi3", "phi4_mini_json", ("phi-4-mini",)),
)
OF_REASONING: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("llama", "deepseek_r1", ("deepseek-r1-distill",)),
    FamilyParser("qwen2", "deepseek_r1", ("deepseek-r1-distill", "qwq")),
    FamilyParser("qwen3", "qwen3", ("qwen3",), ("deepseek", "instruct")),
    FamilyParser("qwen3_moe", "qwen3", ("qwen3",), ("coder", "instruct")),
    FamilyParser("qwen3_vl_text", "qwen3", ("thinking",)),
    FamilyParser("qwen3_vl_moe_text", "qwen3", ("thinking",)),
    FamilyParser("qwen3_5_text", "qwen3"),
    FamilyParser("qwen3_5_moe_text", "qwen3"),
    FamilyParser("deepseek_v3", "deepseek_r1", ("deepseek-r1",)),
    FamilyParser("deepseek_v3", "deepseek_v3", ("deepseek-v3.1",)),
    FamilyParser("deepseek_v32", "deepseek_v3"),
    FamilyParser("kimi_k2", "kimi_k2", ("kimi-k2.5", "thinking")),
    FamilyParser("glm_moe_dsa", "glm45"),
    FamilyParser("gpt_oss", "openai_gptoss"),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax_m2"),
    FamilyParser("mistral", "mistral", ("magistral",)),
)
"""In both tables the first matching row counts."""
