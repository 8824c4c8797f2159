"""What lies beside the entries: reports, artifacts, verdicts, and the totals that they add up to."""
