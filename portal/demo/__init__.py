"""The demo: sample agencies, properties and drawn pictures, and everything embedded."""
