"""vLLM's HTTP surface without a GPU: `sim`'s engine in real time, made-up words of the right number, faults to order.

Knows vLLM 0.32's words and nothing of the fleet around it; decides nothing that `sim` decides. Its one verb: to serve.
"""
