"""The API for tasks and other plugins: tasks and their context, reports and their items, models, the machine."""
