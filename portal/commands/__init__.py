"""The `portal` command: one thin module a noun. Parse, call, print; data on stdout, messages on stderr."""
