"""Receipts: the visitor's copy of what was shown, agreed and passed on, verifiable offline."""
