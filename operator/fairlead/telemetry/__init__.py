"""How values become metrics, log lines, Events and ledger files; the only home of metric names.

Outgoing only: nothing ever waits for it in order to decide. Its one verb: to tell.
"""
