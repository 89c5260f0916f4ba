"""How SGLang 0.5.23 is emulated: its command line, its HTTP surface, its start and end, its log and its metrics.

Read in its source (the files are named where it matters) and in a run of the real server on a processor. It schedules
as vLLM does, in blocks of 16 tokens where SGLang's tree has single ones; the step times are those fitted for vLLM.
"""
