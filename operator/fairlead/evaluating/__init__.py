"""What an evaluation sends to a model, and whether an answer is right: items as people keep them, scorers, the journal.

Pure; it opens no file and sends nothing. Its one verb: to score.
"""
