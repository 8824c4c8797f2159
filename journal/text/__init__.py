"""What the author writes: journal.yml, entries and their blocks, read with line numbers."""
