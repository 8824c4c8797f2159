"""A day as one file for readers: what it takes to look at its results, check their bytes, and run it again."""
