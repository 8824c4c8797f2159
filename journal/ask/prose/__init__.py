"""An author's prose, read for its numbers: sentences, the numbers typed in them, and what they speak of."""
