"""Benchmarks: ratios against a named limit, measured in one run. No tests."""
