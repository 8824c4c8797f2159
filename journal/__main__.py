"""``python -m journal`` is the same as ``journal``."""

from journal.cli import main

main()
