"""
Event sources, one file each: the file's name is the type's name.

A source that is polled has ``Resource`` (the keys of a scenario's resource), ``MAPPING`` (SAM's
type of event and what a mapping may set), ``BATCH_INFO`` and ``ARRIVAL_TIMESPEC`` (the key of its
on-failure documents, and how exactly they tell arrivals), ``event``, ``encoded_size``,
``encoded_size_at_most`` and ``open_stream``. A queue has ``open_queue`` and ``open_queues``
instead, and neither documents nor ``encoded_size_at_most``. A topic, a bucket and a bus, which
nobody polls, have ``Resource`` and ``open_topic``, ``open_bucket`` or ``open_bus``.
``REFERENCES`` says which keys of a resource name another one, and which opener that one's source
must have; ``ARN_SERVICE`` what the service is called in ARNs, where that is not the file's name.

What ``eventsim poll`` reads, or sends documents to, is there already: ``find_stream``,
``find_queue``, ``find_topic``, ``find_bucket`` and ``find_bus`` find it, by its name or its ARN,
and never make it.

A source whose mappings take FilterCriteria also has ``filterable``, which shows one record as the
document that patterns look at: what the service itself tells of the record, and under
``FILTER_KEY`` its body, an ``Encoded`` (``eventsim.rules.documents``) where it comes as bytes or
text. ``FILTER_PLAIN_TEXT = True`` says that a pattern may also ask for a body that is not JSON.
What AWS adds only to the event (``eventSource``, ``eventSourceARN``, ``awsRegion``,
``eventVersion``) is left out. ``Filter.of`` in ``eventsim.rules.filtering`` does the rest.

A source in which a text can name a part of a resource, such as a consumer, also has
``stream_name`` (see ``eventsim.scenario.lookup``), and its ``Resource`` has ``consumers``. The
``Resource`` of a queue has ``visibility_timeout``.

A bucket that tells of its objects has ``notifications_of``, ``changed``, ``addressed`` and
``test_event``; a topic that invokes functions ``subscriptions_of`` and ``event``. ``SAM_EVENTS``
are the models of what SAM writes below a function, by SAM's type; such a model's ``references`` are
its keys that name a resource, with the opener that one's source must have, and ``resource`` is the
one that sends. ``sam_permission`` is what SAM then adds to the function's policy.

A source that pushes, or whose events ``eventsim generate`` makes, has ``EVENTS``, its builders
(see ``eventsim.push.builders``), and says how it invokes (see ``eventsim.push``).

A source whose records a scenario writes in a shape of their own also has ``RecordBlock`` (see
``eventsim.scenario.records``).

Files beginning with ``_`` are private parts: of the source they are named for, or of several.
"""
