"""
The calls that handlers make of AWS, judged by the roles of their functions.

The credentials of a function stand for its role. Whoever comes with others, and a function that
was given neither Role nor Policies, may do everything.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-permissions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import orjson

from eventsim.environments.permissions import Permissions
from eventsim.errors import InvokeError, ServiceError
from eventsim.journal import Journal
from eventsim.rules.principals import Asker
from eventsim.rules.roles import access_key_id
from eventsim.rules.service_actions import ServiceRequest, needs_of
from eventsim.rules.service_answers import Refusal, caller_identity, denied, refused
from eventsim.rules.signatures import Signature, signature_of
from eventsim.types import Caller, HttpRequest, HttpResponse, Invoker, InvokeRequest, Payload

_NOT_AWAITED = Refusal(
    "NotImplemented",
    "eventsim: time stands still during a call, so that it cannot wait for another function; "
    "invoke it with InvocationType Event",
    501,
)
_UNKNOWN = Refusal(
    "UnknownOperationException",
    "eventsim: the service has no such operation that is known here",
    404,
)
_FORMS = {"s3": "rest-xml"}


class Services(Protocol):
    """What reads and answers requests; the services of a back end are."""

    def read(self, request: HttpRequest, signature: Signature) -> ServiceRequest | None: ...

    def answer(self, request: HttpRequest, signature: Signature) -> HttpResponse: ...


class _Session(NamedTuple):
    """Who asks: the role of a function, in the session that is called like the function."""

    role: str
    function: str

    @property
    def asker(self) -> Asker:
        return Asker.of(self.role, self.function)


class OwnCalls:
    """Answers what the handlers of a run ask of AWS: by its services, if their roles may.

    Invoke is for the functions of the run, by *invoker*. *new_id* draws the ids of requests.
    """

    def __init__(
        self,
        services: Services,
        permissions: Permissions,
        invoker: Invoker,
        journal: Journal,
        account: str,
        region: str,
        new_id: Callable[[], str],
    ) -> None:
        self._services, self._permissions = services, permissions
        self._invoker, self._journal = invoker, journal
        self._account, self._region, self._new_id = account, region, new_id

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request, also where that is a refusal. Raises what the services do."""
        signature = signature_of(request, self._region)
        asked = self._services.read(request, signature)
        found = self._permissions.role_of(signature.access_key_id)
        session = None if found is None else _Session(*found)
        if asked is not None and (asked.service, asked.operation) == ("lambda", "Invoke"):
            return await self._invoke(request, asked, session)
        if session is not None:
            refusal = self._answered(request, signature, asked, session)
            if refusal is not None:
                return refusal
        return self._services.answer(request, signature)

    def _answered(
        self,
        request: HttpRequest,
        signature: Signature,
        asked: ServiceRequest | None,
        session: _Session,
    ) -> HttpResponse | None:
        """The answer to a role that the services are not asked for, or None."""
        if asked is None:  # nobody knows what the role would have to be allowed
            form = ServiceRequest(signature.service, "", {}, _FORMS.get(signature.service, "json"))
            return refused(form, request.method, _UNKNOWN, self._new_id())
        if (asked.service, asked.operation) == ("sts", "GetCallerIdentity"):
            return self._identity(session)
        refusal = self._judged(asked, session, signature.region)
        if refusal is None:
            return None
        return refused(asked, request.method, refusal, self._new_id())

    def _judged(self, asked: ServiceRequest, session: _Session, region: str) -> Refusal | None:
        """The refusal of what the role may not do, which the journal tells too."""
        for need in needs_of(asked, region, self._account):
            (action,) = need.actions
            try:
                self._permissions.may(session.role, action, need.resource, session.function)
            except ServiceError as error:
                refusal = denied(asked, need.resource, error.message)
                self._journal.write(
                    "service_call_denied",
                    refusal.message,
                    function=session.function,
                    action=action,
                    resource_arn=need.resource,
                    code=refusal.code,
                )
                return refusal
        return None

    def _identity(self, session: _Session) -> HttpResponse:
        asker = session.asker
        role_id = f"AROA{access_key_id(session.role, '')[4:]}"
        user_id = f"{role_id}:{session.function}"
        return caller_identity(asker.account, asker.name, user_id, self._new_id())

    async def _invoke(
        self, request: HttpRequest, asked: ServiceRequest, session: _Session | None
    ) -> HttpResponse:
        request_id = self._new_id()
        kind = request.header("X-Amz-Invocation-Type", "RequestResponse")
        if kind not in ("Event", "DryRun"):
            return refused(asked, request.method, _NOT_AWAITED, request_id)
        wanted = InvokeRequest(
            str(asked.parameters.get("FunctionName", "")),
            Payload.of_bytes(request.body),
            request_id,
            "Event" if kind == "Event" else "DryRun",
            client_context=request.header("X-Amz-Client-Context") or None,
            qualifier=asked.parameters.get("Qualifier"),
            caller=None if session is None else Caller(session.asker.name),
            trace_header=request.header("X-Amzn-Trace-Id") or None,
        )
        try:
            result = await self._invoker.invoke(wanted)
        except InvokeError as error:
            headers = (("x-amzn-ErrorType", error.code), ("x-amzn-RequestId", request_id))
            return HttpResponse(error.status, headers, orjson.dumps(error.body))
        return HttpResponse(result.status_code, (("x-amzn-RequestId", request_id),))
