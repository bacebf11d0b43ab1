"""`portal demo`."""


def demo() -> None:
    """Everything embedded."""
