"""Text without a model: tokens that count right, replies that read well, JSON that keeps its schema.

Everything follows from its arguments: the same prompt and seed give the same words in every process. Knows no HTTP.
"""
