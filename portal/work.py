"""What the worker does, and how often."""
