"""Stories of changed revisions: rolled out, bad, taken back."""
