"""Enquiries: intake, the screening of what came in, and the release of what was held."""
