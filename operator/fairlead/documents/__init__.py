"""JSON and YAML that others wrote: users, engines, API servers, credential plugins, models.

Text in, a document or one exception with what is wrong out, however hostile the text is. Never a file, a socket or what
a document means: each caller names the field or the file, and the remedy. Its one verb: to read.
"""
