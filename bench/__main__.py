"""`python -m bench`: every benchmark, one after the other."""

from bench import lists, pages

pages.main()
lists.main()
