"""How values become metrics, log lines, Events and ledger files; the only home of metric names.

Output only: no decision ever waits for it. Its one verb: to report.
"""
