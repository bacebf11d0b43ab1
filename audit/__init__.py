"""Audits: what a person must look at and what outside checkers say. No tests: run by `make audit`, read by people."""
