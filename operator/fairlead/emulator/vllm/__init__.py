"""How vLLM 0.32 is emulated: its command line, its start and end, its log and its page of metrics.

Its HTTP surface is `surface`, which the other kinds share as far as they answer alike.
"""
