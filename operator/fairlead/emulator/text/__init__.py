"""Text without a model: realistic token counts, readable replies, JSON that is valid by its schema.

Everything is deterministic: the same prompt and seed give the same words in every process. Knows no HTTP.
"""
