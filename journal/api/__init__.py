"""What tasks and other plugins see: tasks and their context, reports and their items, models, the machine."""
