"""Whether an answer passes: schema, pattern, confidence, length, refusal. Pure; its one verb: to check.

What happens to an answer that does not pass is a route's business, and what it cost the accounting's.
"""
