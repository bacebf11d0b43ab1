"""`python -m bench`: every benchmark, one after the other."""

from bench import guards, lists, pages

pages.main()
lists.main()
guards.main()
