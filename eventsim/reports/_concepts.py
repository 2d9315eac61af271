"""What a word of Lambda's means, told once, after the first sentence that needs it."""

from __future__ import annotations

CONCEPTS = {
    "shard": "A stream keeps its records on shards; the key of a record decides its shard, and on "
    "one shard they keep their order",
    "queue": "A message stays in its queue until it is deleted or its time is over",
    "poll": "Lambda asks each shard again and again whether there is anything new, a shard of a "
    "Kinesis stream once a second, so a record may wait a little before anything happens",
    "receive": "A message that was received is not gone: others do not see it for a while, and "
    "then it is there again, unless it was deleted",
    "batch": "A batch has records of one shard or queue only, and is one event to the function",
    "cold": "An environment is a copy of the function that takes one event at a time; making one "
    "is called a cold start",
    "warm": "This is a warm start: it waits for no init, and what the function kept in its globals "
    "is still there",
    "checkpoint": "The checkpoint of the shard moves on: what is in front of it is done, and is "
    "not read again",
    "whole": "Lambda cannot tell which record was at fault, so all of them count as failed",
    "wait": "Whatever is behind on the shard waits too, so that nothing overtakes (only a "
    "ParallelizationFactor lets other keys go on); each wait is twice as long as the one before",
    "bisect": "In the end the record at fault is alone, and the others are not lost with it",
    "discard": "What is given up is lost to the function, and the shard goes on behind it",
    "filter": "What matches no filter counts as done",
    "window": "A tumbling window cuts time into equal parts; between the batches of one part "
    "Lambda hands the function its own last answer",
    "split": "What is on the old shard is done before the first record of the new one is read",
    "throttle": "A function runs so many times at once and no more; what is over is told so, "
    "and nothing ran",
    "timeout": "At its Timeout everything that the invocation began is ended",
    "reset": "Its globals are gone, and the next event has to wait for an init again",
    "error": "Whoever waits for the answer gets the error; nobody tries again for them",
    "async": "The event is Lambda's from now on: it runs the function when it can, and tries "
    "again if that fails",
    "async retry": "An asynchronous event is tried twice more, after one minute and after two",
    "async throttle": "It did not run, which costs no retry",
    "synchronous": "Who asks synchronously has to try again by itself",
    "dead letter": "There it waits for somebody to look at it",
    "destination": "Unlike a dead-letter queue, a destination is also told what the function "
    "answered",
    "on failure": "A queue or topic is told where the records are, not what they say, so they "
    "have to be looked up while the stream still keeps them",
    "redrive": "It is the queue's own policy that gives a message up, not Lambda's",
    "push": "A service that pushes calls the function itself, and no poller is needed; the "
    "function's policy has to allow it",
    "policy": "A function's policy says who may invoke it, in which name and on whose behalf",
    "denied": "Nothing ran",
    "dry run": "It is checked as an invocation would be, and nothing runs",
    "version": "A version never changes; an alias is a name that leads to one, or to two in "
    "shares, and can be led elsewhere",
    "topic": "A topic hands each message to every subscriber whose filter policy accepts it",
    "bus": "A bus hands each event to the targets of the rules that match it",
    "alarm": "An alarm tells only that its state has changed, not that it goes on",
    "custom resource": "What the function returns counts for nothing",
}
