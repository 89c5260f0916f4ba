"""Tests of changed revisions: rolled out, bad, reverted."""
