"""The review of one object before anything is done: refusals, warnings, references, memory fit. Pure.

Admission, the reconcile, the autoscaler and the command line call the same functions, so that they agree. Reads no
cluster: other objects and facts are arguments.
"""
