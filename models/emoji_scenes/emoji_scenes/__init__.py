"""A small text-to-image model of emoji scenes: its weights, its scenes and captions, and its judge."""
