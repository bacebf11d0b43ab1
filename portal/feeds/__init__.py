"""Feeds: an agency's exports, fetched, parsed whole, staged, and applied to the catalogue."""
