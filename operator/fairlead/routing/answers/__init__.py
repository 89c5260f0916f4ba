"""Whether an answer passes: schema, pattern, confidence, length, refusal. Pure; its one verb: to check.

The route decides what happens to an answer that does not pass, and accounting what it cost.
"""
