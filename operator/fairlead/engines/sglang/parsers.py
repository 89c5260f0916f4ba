"""The parsers of SGLang 0.5.23's two registries, and the default for each model family.

The names are those of `srt/function_call/parser_names.py` and `srt/parser/reasoning_parser_names.py`, which differ from
vLLM's. SGLang's own `auto` infers the parser from the chat template and only warns if it finds none; here the family
decides, as for every engine.
"""

from typing import Final

from fairlead.engines.family_parsers import FamilyParser

AUTO: Final = "auto"
"""The engine infers the parser from the chat template."""
_TOOLS: Final = """
apertus2509 auto beam cohere_command4 deepseekv3 deepseekv31 deepseekv32 deepseekv4 deepseekv41 dots gemma4 gigachat3
gigachat35 glm glm45 glm47 gpt-oss hermes hunyuan inkling interns1 iquest_q1 k2_horizon kimi_k2 kimi_k3 lfm2 ling3
llama3 mimo minicpm5 minimax-m2 minimax-m3 mistral muse nanbeige poolside_v1 pythonic qwen qwen25 qwen3_coder
response_template spark25 step3 step3p5 trinity
"""
_REASONING: Final = """
apertus2509 auto beam cohere_command4 deepseek-r1 deepseek-v3 deepseek-v4 deepseek-v41 dots gemma4 gigachat35 glm45
gpt-oss granite_thinking_parser hunyuan inkling interns1 iquest_q1 k2_horizon kimi kimi_k2 kimi_k3 ling3 mimo minimax
minimax-append-think minimax-m3 mistral muse nanbeige nemotron_3 poolside_v1 qwen3 qwen3-thinking response_template
step3 step3p5
"""
TOOLS: Final = tuple(_TOOLS.split())
REASONING: Final = tuple(_REASONING.split())

OF_TOOLS: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("llama", "llama3", ("llama-3.",)),
    FamilyParser("llama4_text", "pythonic"),
    FamilyParser("mistral", "mistral", ("mistral",), ("v0.1", "v0.2")),
    FamilyParser("qwen2", "qwen", ("qwen2.5", "qwq")),
    FamilyParser("qwen3", "qwen", ("qwen3",), ("deepseek",)),
    FamilyParser("qwen3_moe", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_moe", "qwen", ("qwen3",)),
    FamilyParser("qwen3_next", "qwen3_coder", ("qwen3-coder",)),
    FamilyParser("qwen3_next", "qwen", ("qwen3",)),
    FamilyParser("qwen3_vl_text", "qwen"),
    FamilyParser("qwen3_vl_moe_text", "qwen"),
    FamilyParser("qwen3_5_text", "qwen3_coder"),
    FamilyParser("qwen3_5_moe_text", "qwen3_coder"),
    FamilyParser("deepseek_v3", "deepseekv31", ("deepseek-v3.1",)),
    FamilyParser("deepseek_v3", "deepseekv3", ("deepseek-v3", "deepseek-r1")),
    FamilyParser("deepseek_v32", "deepseekv32"),
    FamilyParser("kimi_k2", "kimi_k2"),
    FamilyParser("glm_moe_dsa", "glm47"),
    FamilyParser("gpt_oss", "gpt-oss"),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax-m2"),
)
OF_REASONING: Final[tuple[FamilyParser, ...]] = (
    FamilyParser("llama", "deepseek-r1", ("deepseek-r1-distill",)),
    FamilyParser("qwen2", "deepseek-r1", ("deepseek-r1-distill", "qwq")),
    FamilyParser("qwen3", "qwen3", ("qwen3",), ("deepseek", "instruct")),
    FamilyParser("qwen3_moe", "qwen3", ("qwen3",), ("coder", "instruct")),
    FamilyParser("qwen3_vl_text", "qwen3-thinking", ("thinking",)),
    FamilyParser("qwen3_vl_moe_text", "qwen3-thinking", ("thinking",)),
    FamilyParser("qwen3_5_text", "qwen3"),
    FamilyParser("qwen3_5_moe_text", "qwen3"),
    FamilyParser("deepseek_v3", "deepseek-r1", ("deepseek-r1",)),
    FamilyParser("deepseek_v3", "deepseek-v3", ("deepseek-v3.1",)),
    FamilyParser("deepseek_v32", "deepseek-v3"),
    FamilyParser("kimi_k2", "kimi_k2", ("kimi-k2.5", "thinking")),
    FamilyParser("glm_moe_dsa", "glm45"),
    FamilyParser("gpt_oss", "gpt-oss"),
    FamilyParser("gemma4_text", "gemma4"),
    FamilyParser("minimax_m2", "minimax"),
    FamilyParser("mistral", "mistral", ("magistral",)),
)
"""In both tables the first matching row counts."""
