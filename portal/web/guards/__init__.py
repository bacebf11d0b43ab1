"""Guards around every request, each of them small, pure ASGI, and good alone.

`host`: only requests for our own address; `forwarded`: who the visitor is, behind proxies that are trusted; `headers`:
what every answer says to browsers; `bodies`: what a body may weigh and take; `csrf`: whence a form may be sent.
Never knows a page or a noun: a guard refuses with a status, and `portal.web.errors` has the page.
"""
