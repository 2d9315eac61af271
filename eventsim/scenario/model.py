"""
The scenario as values: what may stand in each key. Where two keys must agree, see checks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)

from eventsim import registry
from eventsim.errors import EventsimError, Fault, ScenarioError, UnknownPlugin
from eventsim.rules.arns import ACCOUNT, REGION, service_of
from eventsim.rules.concurrency import CONCURRENT_EXECUTIONS
from eventsim.rules.function_names import Place
from eventsim.rules.identities import Identity
from eventsim.rules.profiles import ProfileName
from eventsim.scenario import checks, unsimulated
from eventsim.scenario.block import Block, Step, keys, validated
from eventsim.scenario.changing import changed
from eventsim.scenario.document import Document
from eventsim.scenario.durations import TIMED, as_read
from eventsim.scenario.expectation import Expectation
from eventsim.scenario.faults import faults
from eventsim.scenario.function import FunctionBlock
from eventsim.scenario.identities import IdentityBlock, Uses, role_name
from eventsim.scenario.loads import LoadBlock
from eventsim.scenario.lookup import (
    Target,
    resource_settings,
    resource_types,
    sent_to_arn,
    target,
)
from eventsim.scenario.mapping import MappingProperties, mapping_kinds
from eventsim.scenario.policies import Arns
from eventsim.scenario.problem import Problem, meant, problems_of, refuse, refuse_below, show
from eventsim.scenario.project import project_folder
from eventsim.scenario.teaching import Lesson
from eventsim.scenario.times import Time, TimeOf
from eventsim.scenario.triggers import front_keys
from eventsim.scenario.values import START, Moment, Seconds, Text, Whole
from eventsim.types import EventSourceMapping, Function


@dataclass(frozen=True, slots=True)
class Resource:
    """A stream, queue, … of the scenario; ``settings`` is its source's own model."""

    type: str
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a scenario comes from: ``path`` is None for one made in Python.

    ``changes`` are what was changed of the file, in the grammar of ``--set``.
    """

    folder: Path
    project: Path
    path: Path | None = None
    lesson: str = ""
    changes: tuple[str, ...] = ()


def _profile(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _account(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refuse(f'is {value}, a number; write "{value:012}" in quotes')
    if not (isinstance(value, str) and len(value) == 12 and value.isascii() and value.isdigit()):
        raise refuse(f'is {show(value)}; write 12 digits in quotes, such as "{ACCOUNT}"')
    return value


def _resource(value: Any) -> Resource:
    if not isinstance(value, dict):
        raise refuse(f"is {show(value)}; write a mapping with its type, such as {{type: kinesis}}")
    kind = value.get("type")
    if not isinstance(kind, str):
        raise refuse_below((("type",), f"is {show(kind)}; write a type of resource"))
    if kind in unsimulated.RESOURCE_TYPES and kind not in registry.names("sources"):
        raise refuse_below((("type",), f"is '{kind}', which is not simulated yet"))
    try:
        model = registry.load("sources", kind, wants=["Resource"]).Resource
    except UnknownPlugin as error:
        raise refuse_below((("type",), f"is '{kind}': {error}")) from None
    return Resource(kind, validated(model, resource_settings(model, value)))


def _step(value: Any) -> Step:
    if not isinstance(value, dict):
        raise refuse(f"is {show(value)}; write a mapping, such as {{at: 5s, put: orders, …}}")
    known = registry.names("steps")
    keys = [key for key in value if isinstance(key, str)]
    verbs = [key for key in keys if key in known or "." in key]
    if len(verbs) > 1:
        raise refuse(f"does two things, {' and '.join(verbs)}; write a step for each")
    if not verbs:
        raise _no_verb(keys, known)
    try:
        model = registry.load("steps", verbs[0], wants=["Step"]).Step
    except UnknownPlugin as error:
        raise refuse_below(((verbs[0], "[key]"), f"is no step: {error}")) from None
    return cast(Step, validated(model, value))


def _no_verb(keys: list[str], known: list[str]) -> Exception:
    for key in keys:
        if key in unsimulated.STEPS:
            return refuse_below(((key, "[key]"), "is a step that is not simulated yet"))
    for key in keys:
        if registry.near(key, known):
            return refuse_below(((key, "[key]"), f"is no step{meant(key, known)}"))
    return refuse(f"does nothing; a step has a key that says what to do: {', '.join(known)}")


def _not_to_be_tried(root: dict[str, Any], lesson: Lesson) -> Iterator[Problem]:
    try:
        changed(root, lesson.change, keys(Scenario))
    except EventsimError as error:
        yield Problem(("lesson", "try"), f" is {show(lesson.change)}: {error}")


ResourceName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]
IdentityName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
FunctionName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class Scenario(Block):
    """A scenario that holds: every key is known, every name leads somewhere."""

    name: Text = Field(examples=["poison-pill"])
    teaching: Lesson | None = Field(None, alias="lesson")
    seed: Whole = 0
    time: TimeOf = Field(Time(), json_schema_extra={"default": "virtual"})
    start: Moment = START
    profile: Annotated[
        ProfileName,
        BeforeValidator(_profile),
        WithJsonSchema({"enum": ["today", "2017", 2017]}),
    ] = "today"
    concurrent_executions: Whole = Field(CONCURRENT_EXECUTIONS, ge=1, le=1_000_000)
    region: str = Field(REGION, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    account: Annotated[
        str, PlainValidator(_account), WithJsonSchema({"type": "string", "pattern": r"^\d{12}$"})
    ] = ACCOUNT
    backend: Literal["simulated", "moto", "endpoint"] = "simulated"
    run_for: Seconds | None = None
    resources: dict[
        ResourceName,
        Annotated[Resource, PlainValidator(_resource), WithJsonSchema({"type": "object"})],
    ] = Field(default_factory=dict)
    functions: dict[FunctionName, FunctionBlock] = Field(default_factory=dict)
    identities: dict[IdentityName, IdentityBlock] = Field(default_factory=dict)
    timeline: tuple[
        Annotated[Step, PlainValidator(_step), WithJsonSchema({"type": "object"})], ...
    ] = ()
    load: LoadBlock | None = None
    expect: tuple[Expectation, ...] = ()

    _origin: Origin = PrivateAttr()

    @property
    def origin(self) -> Origin:
        """The file and the folders that the scenario's paths are in."""
        return self._origin

    @property
    def lesson(self) -> str:
        """The first comment line of the file, or nothing."""
        return self._origin.lesson

    def timeline_in_order(self) -> tuple[Step, ...]:
        """The steps by their time; those of the same time in the order of the file."""
        return tuple(sorted(self.timeline, key=lambda step: step.at))

    @classmethod
    def of(cls, values: Mapping[str, Any], folder: Path | str = ".") -> Self:
        """The scenario of plain values, as a file in *folder* would hold them.

        A Handler may be a callable. Raises ScenarioError with every fault; they have the path
        of their value in place of a file and a line.
        """
        folder = Path(folder).resolve()
        return cls.of_document(Document(dict(values)), Origin(folder, project_folder(folder)))

    @classmethod
    def of_document(cls, document: Document, origin: Origin) -> Self:
        """The scenario that *document* holds. Raises ScenarioError with every fault in it."""
        found = list(document.problems)
        scenario = None
        if isinstance(document.value, dict):
            try:
                kinds = mapping_kinds(resource_types(document.value).values())
                scenario = cls.model_validate(document.value, context={"kinds": kinds})
                scenario._origin = origin
            except ValidationError as error:
                found += problems_of(error)
            found += checks.problems(document, origin.folder, origin.project)
            if scenario is not None and scenario.teaching and not origin.changes:
                found += _not_to_be_tried(document.value, scenario.teaching)
        else:
            text = f" is {show(document.value)}; write a mapping of name, resources, functions, …"
            found.append(Problem((), text))
        if scenario is None or found:
            raise ScenarioError(faults(found, document.places, origin.path))
        return scenario

    def file(self, text: str) -> Path:
        """The whole path of one that the scenario names."""
        return (self._origin.folder / text).resolve()

    def function_values(self, arns: Mapping[str, str] | None = None) -> tuple[Function, ...]:
        """The functions in the order of the file; code folders are whole paths.

        *arns* has the ARN of every resource that they send to, as its back end calls it.
        """

        def arn(text: str) -> str:
            return self.arn_of_text(text, arns or {})

        return tuple(self._function(name, block, arn) for name, block in self.functions.items())

    def _function(self, name: str, block: FunctionBlock, arn: Callable[[str], str]) -> Function:
        values = block.values() | block.event_values(arn)
        try:
            for key in TIMED:
                values[key] = as_read(values[key], key, self.file)
        except (OSError, ValueError) as error:
            raise ScenarioError([Fault(str(block.code_uri or name), 0, 0, str(error))]) from None
        return Function(
            name=name,
            code_uri=str(self.file(block.code_uri or ".")),
            role=self._role(name, block),
            invoke_at=block.invoke_at.value(name, self.region) if block.invoke_at else None,
            **values,
        )

    def arn_of_text(self, text: str, arns: Mapping[str, str]) -> str:
        """The ARN that a text means; *arns* has those of resources, by name, that are known."""
        given = None if service_of(text) == "lambda" else target(text, self._types()).key
        return arns.get(given or "") or sent_to_arn(text, self._root())

    def notes(self, *, served: bool = False) -> Iterator[str]:
        """What is said about settings that are accepted and have no effect.

        Requests come to what takes them where the scenario is *served*, and nowhere else.
        """
        for name, block in self.functions.items():
            for note in block.notes():
                yield f"functions.{name}.{note}"
        fronts = [] if served else [*front_keys(self._types(), self.functions)]
        if fronts:
            yield f"no requests come to {', '.join(fronts)}, unless by `eventsim serve`"

    def function_of(self, mapping: EventSourceMapping) -> FunctionBlock:
        """The function that a mapping invokes, by an alias or not."""
        return self.functions[mapping.function_name.partition(":")[0]]

    def identity_arns(self) -> dict[str, str]:
        """The ARN of each identity by its name."""
        return {name: block.arn_of(name, self.place) for name, block in self.identities.items()}

    def identity_values(self, arns: Arns) -> tuple[Identity, ...]:
        """The identities, and the roles that are made for functions.

        *arns* has the ARNs that a policy means by the name of a resource or a function. Raises
        PolicyError.
        """
        named = (block.identity(name, self.place, arns) for name, block in self.identities.items())
        made = (
            block.made(name, self.place, arns, self._uses(block, arns))
            for name, block in self.functions.items()
            if block.is_made
        )
        return *named, *made

    @property
    def place(self) -> Place:
        """The region and the account of the scenario."""
        return Place(self.region, self.account)

    def open_to_services(self) -> set[str]:
        """The functions that nobody grants anything on: any service may invoke them."""
        judged = {name for name, block in self.functions.items() if block.permissions is not None}
        for step in self.timeline:
            judged |= {str(getattr(step, key)) for key in step.policy_keys}
        return self.functions.keys() - judged

    def _role(self, name: str, block: FunctionBlock) -> str | None:
        if block.role is not None:
            return self.identity_arns()[role_name(block.role)]
        return block.made_arn(name, self.place) if block.is_made else None

    def _uses(self, block: FunctionBlock, arns: Arns) -> Uses:
        types = self._types()
        sources = (
            registry.load("sources", types[target(properties.resource, types).resource])
            for properties in block.mappings().values()
        )
        policies = (getattr(source, "EXECUTION_POLICY", None) for source in sources)
        targets = [
            text if service_of(text) == "lambda" else arns[target(text, types).resource][-1]
            for text in block.destinations()
        ]
        return Uses(sorted({each for each in policies if each}), targets)

    def mapping_values(self, arns: Mapping[str, str]) -> tuple[EventSourceMapping, ...]:
        """The event source mappings in the order of the file, called ``function.Event``.

        *arns* has the ARN of every resource that a mapping reads or sends to, as its back end
        calls it; that of a part of a resource below the part's name (``orders/fast``).
        """
        return tuple(
            self._mapping(name, event_name, properties, arns)
            for name, block in self.functions.items()
            for event_name, properties in block.mappings().items()
        )

    def targets(self) -> tuple[Target, ...]:
        """What each of the mappings reads: a resource, or a part of one such as a consumer."""
        return tuple(
            target(properties.resource, self._types())
            for block in self.functions.values()
            for properties in block.mappings().values()
        )

    def _root(self) -> dict[str, Any]:
        """What ARNs are made of, as it stands in the document."""
        return {
            "region": self.region,
            "account": self.account,
            "resources": {name: {"type": each.type} for name, each in self.resources.items()},
            "functions": dict.fromkeys(self.functions),
        }

    def _types(self) -> dict[str, str]:
        return {name: resource.type for name, resource in self.resources.items()}

    def _mapping(
        self, function: str, name: str, properties: MappingProperties, arns: Mapping[str, str]
    ) -> EventSourceMapping:
        types = self._types()
        source = target(properties.resource, types)
        settings = properties.settings()
        if settings.get("on_failure"):
            settings["on_failure"] = arns[target(settings["on_failure"], types).key]
        return EventSourceMapping(
            name=f"{function}.{name}",
            source=source.resource,
            event_source_arn=arns[source.key],
            function_name=self.functions[function].published(function),
            **settings,
        )
