"""OpenAI batch files: requests as lines, answers as lines, how many are sent at a time, and what is tried again.

Pure; opens no file and sends nothing. Its one verb: to decide.
"""
