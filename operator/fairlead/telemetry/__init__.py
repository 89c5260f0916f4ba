"""How values become metrics, log lines and Events; the only home of metric families, histograms and exposition.

Pure text: other rooms hand in the values, and no decision ever waits for it. Its one verb: to report.
"""
