"""vLLM 0.32 emulated: its command line, start and end, log, and metrics page.

Its HTTP surface is `surface`, which the other kinds share as far as their responses are alike.
"""
