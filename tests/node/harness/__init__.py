"""Tests of the real lm-evaluation-harness in pods. A package, so that its cluster ends with its last test."""
