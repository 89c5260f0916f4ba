"""Turns values into metrics, log lines and Events; the only home of metric families, histograms and exposition.

Pure text: other packages pass in the values, and no decision ever waits for it. Its one verb: to report.
"""
