"""The engine in real time: scheduler steps on the wall clock, KV cache, metrics, KV events and faults.

The same model as in `simulator`, step for step; knows no route, no request body and no text.
"""
