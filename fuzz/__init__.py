"""Bytes that nobody would send, fed to the router's wire room: it must answer each, the same however it is cut.

`python -m fuzz.wire --bytes 10000000` mutates the seeds by itself; `python -m fuzz.guided requests` lets atheris guide
the mutations by coverage, where it is installed. What breaks is written to fuzz/seeds and so becomes a test.
"""
