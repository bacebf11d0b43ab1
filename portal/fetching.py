"""Fetching over http(s)."""
