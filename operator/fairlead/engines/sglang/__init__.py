"""SGLang 0.5.23, as data: which flags a spec becomes, what it refuses, what its metrics are called, how it ends.

Every fact was read in that release's source, and those of its HTTP server, its metrics and its end were also seen in a
run of it; a refusal names the file. Never imports the engine. Its one verb: to describe.
"""
