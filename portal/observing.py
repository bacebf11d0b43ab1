"""Logs as key and value. Only the keys in `ALLOWED` are ever written, so that no person can stand in a log."""
