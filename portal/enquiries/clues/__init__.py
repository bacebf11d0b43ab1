"""Clues: what may tell an honest enquiry from spam, each with its points and its sentence to ops. All pure."""
