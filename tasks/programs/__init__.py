"""Programs in any language as steps: a command, or a notebook."""
