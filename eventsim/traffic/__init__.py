"""
Requests at a rate: sent one by one to whatever runs the function, or worked out without tasks.

``sending`` is the step of a timeline, for any invoker, ``what_if`` works out millions of
invocations of a function without code. Both come to the same ``Totals``, which a test holds them
to. ``driving`` is `eventsim load`: open and closed models over targets (``targets``, ``records``,
``fronts``), with every request followed to its answer by a ``measuring.Meter``.
"""
