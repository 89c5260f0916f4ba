"""The four-verb tick: observe, plan, apply, report; with admission, leadership and wake-ups around it.

Maps steps to writes and outcomes to conditions; the only writer of workloads. Never does arithmetic on
replicas, and remembers nothing that is not written on an object. Its one verb: to reconcile.
"""
