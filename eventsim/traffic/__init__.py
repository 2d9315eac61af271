"""
Requests at a rate: sent one by one to whatever runs the function, or worked out without tasks.

``sending`` is for any invoker, ``what_if`` for millions of invocations of a function without
code. Both come to the same ``Totals``, which a test holds them to.
"""
