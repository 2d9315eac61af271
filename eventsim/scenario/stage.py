"""What a step of the timeline may touch of a run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # who only reads a scenario has no need of what runs it
    from eventsim.clock import Clock
    from eventsim.environments import Environments
    from eventsim.environments.permissions import Permissions
    from eventsim.ids import Chance
    from eventsim.journal import Journal
    from eventsim.poller.lifecycle import MappingLifecycle
    from eventsim.push import Pusher
    from eventsim.services.metrics import Metric
    from eventsim.types import Bucket, Bus, Invoker, Queue, Scene, Stream, Topic


class Stage(Protocol):
    """The clock, the journal and the chance of a run, what invokes its functions, its streams,
    queues, topics and buckets by name, its mappings by theirs (function.Event), its files.
    """

    @property
    def clock(self) -> Clock: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def chance(self) -> Chance: ...

    @property
    def invoker(self) -> Invoker: ...

    @property
    def environments(self) -> Environments: ...

    @property
    def streams(self) -> Mapping[str, Stream]: ...

    @property
    def queues(self) -> Mapping[str, Queue]: ...

    @property
    def topics(self) -> Mapping[str, Topic]: ...

    @property
    def buckets(self) -> Mapping[str, Bucket]: ...

    @property
    def buses(self) -> Mapping[str, Bus]:
        """The buses by name, the default one among them if it is simulated."""

    def replay(self, bus: str, archive: str, name: str, since: float, until: float) -> None:
        """Send what an archive has to the rules of its bus again. Raises EventsimError."""

    def write_log(self, group: str, stream: str, messages: Sequence[str]) -> None:
        """Write lines to a stream of a log group, now."""

    def measure(self, metric: Metric, values: Sequence[float]) -> None:
        """Have *values* of a metric measured now."""

    def is_function(self, name: str) -> bool:
        """Whether a name, with an alias or not, is that of a function of the scenario."""

    @property
    def mappings(self) -> Mapping[str, MappingLifecycle]: ...

    @property
    def permissions(self) -> Permissions: ...

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """What a policy may mean by the name of a function or a resource: ARNs."""

    @property
    def identities(self) -> Mapping[str, str]:
        """The ARNs of the identities by their names."""

    def arn(self, resource: str) -> str:
        """The ARN of a queue, topic, bucket or bus of the scenario."""

    @property
    def pusher(self) -> Pusher: ...

    def scene(self) -> Scene:
        """Where and when an event comes about now."""

    def functions(self, name: str) -> Environments:
        """Those of the run. Raises EventsimError when it is not this run that invokes *name*."""

    def start_soon(self, work: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start work that the timeline does not wait for, and the run does."""

    def arn_of_text(self, text: str) -> str:
        """The ARN that a text means: of a resource or a function by its name, or itself."""

    def resource_type(self, name: str) -> str:
        """The type of a resource of the scenario, which is the name of its source."""

    def file(self, text: str) -> Path:
        """The whole path of one that the scenario names."""
