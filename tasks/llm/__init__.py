"""Tasks of the field: llm."""
