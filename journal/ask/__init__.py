"""Questions about days that have run: what is up to date, where it came from, whether the typed numbers are right."""
