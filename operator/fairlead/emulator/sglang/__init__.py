"""SGLang 0.5.23 emulated: its command line, HTTP surface, start and end, log, and metrics.

Facts come from its source (files are named where it matters) and from a run of the real server on a processor. It
schedules as vLLM does, in blocks of 16 tokens where SGLang's tree has single ones; the step times are those fitted for
vLLM.
"""
