"""The author's words: journal.yml, entries and their blocks, as text with places."""
