"""Audits of every mail in every language: how it looks, what a spam filter says, what mail programs leave out.

Each takes the samples of tests/letters.py, so that a new kind of mail is looked at as soon as there is one.
"""
