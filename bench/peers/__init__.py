"""Peers: the list page as one would have written it in Django, on the same database file, in the same markup.

Wherever Django offers two ways, the faster one is taken: columns named, relations joined, prices by humanize, cards in
one template without includes, connections kept, templates cached, two middlewares, gunicorn's sync worker.
"""
