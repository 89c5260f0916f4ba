"""Feeds malformed bytes to the router's wire room: it must answer each, the same however the bytes are split.

`python -m fuzz.wire --bytes 10000000` mutates the seeds by itself; `python -m fuzz.guided requests` lets atheris guide
the mutations by coverage, where it is installed. Failures are written to fuzz/seeds and so become tests.
"""
