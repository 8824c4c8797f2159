"""A small text-to-image model of emoji scenes: its data, training, judge and weights."""
