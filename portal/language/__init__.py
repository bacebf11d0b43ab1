"""Languages: which there are, the messages in each, and how each writes money, areas, numbers and dates."""
