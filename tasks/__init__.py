"""The built-in tasks, registered as a stranger's would be."""
