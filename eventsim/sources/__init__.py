"""
Event sources, one file each: the file's name is the type's name.

A source that is polled has ``Resource`` (the keys of a scenario's resource), ``MAPPING`` (SAM's
type of event and what a mapping may set), ``BATCH_INFO`` and ``ARRIVAL_TIMESPEC`` (the key of its
on-failure documents, and how exactly they tell arrivals), ``POLL_INTERVAL_SECONDS``, ``event``,
``encoded_size`` and ``open_stream``. A topic and a bucket, which nobody polls, have ``Resource``
and ``open_topic`` or ``open_bucket``. ``REFERENCES`` says which keys of a resource name another
one, and which opener that one's source must have. Files beginning with ``_`` are private parts
of the source they are named for.
"""
