"""Tests of emulated engines of other kinds than vLLM. A package, so that its cluster ends with its last test."""
