"""The engine in real time: scheduler steps on the wall clock, KV cache, metrics, KV events and faults.

Step for step the same model as in `simulator`; knows no routes, request bodies or texts.
"""
