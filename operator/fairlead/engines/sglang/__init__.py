"""SGLang 0.5.23 as data: which flags a spec becomes, what it refuses, its metric names, and how it ends.

Every fact was read in that release's source, and those about its HTTP server, its metrics and its end were also
observed in a run; each refusal names the file. Never imports the engine. Its one verb: to describe.
"""
