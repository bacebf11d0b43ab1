"""`python -m bench`: every benchmark, one after the other."""

from bench import drain, exports, guards, ledger, lists, pages, verifying

pages.main()
lists.main()
guards.main()
ledger.main([])
verifying.main()
exports.main()
drain.main([])
