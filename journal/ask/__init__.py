"""Questions about what has run: what is up to date, where it came from, whether typed numbers are right."""
