"""
The awsJson1.1 protocol, driven by botocore's model of a service: requests read, answers written.

What a request's members may be is checked as the model says it, with AWS's texts. An answer that
the model's output does not know is an error of ours and raises TypeError.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from eventsim.errors import InvalidRequestContent, InvokeError
from eventsim.server.constraints import violations
from eventsim.server.json_members import document_of, from_json, plain, refusal, refuse

MEDIA_TYPE = "application/x-amz-json-1.1"


class JsonRpc:
    """The operations of a service, which X-Amz-Target names."""

    def __init__(self, service: str) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        self._model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self._prefix = f"{self._model.metadata['targetPrefix']}."
        self._operations = frozenset(self._model.operation_names)

    @property
    def operations(self) -> list[str]:
        """The names of all operations that the model has."""
        return list(self._model.operation_names)

    def route(self, target: str) -> str | None:
        """The operation that a target names; None for none."""
        operation = target.removeprefix(self._prefix)
        known = target.startswith(self._prefix) and operation in self._operations
        return operation if known else None

    def parse(self, operation: str, body: bytes) -> dict[str, Any]:
        """The members of a request. Raises InvokeError, with AWS's texts."""
        try:
            document = document_of(body)
        except InvalidRequestContent as error:
            raise refusal("SerializationException", error.message) from None
        shape = self._model.operation_model(operation).input_shape
        if shape is None:
            return {}
        found: dict[str, Any] = from_json(shape, document)
        refuse(violations(shape, found))
        return found

    def serialise(self, operation: str, answer: Mapping[str, Any]) -> bytes:
        """The body of an answer, whose None values are left out.

        Raises TypeError for an answer that the output shape does not know.
        """
        shape = self._model.operation_model(operation).output_shape
        if shape is None:
            if answer:
                raise TypeError(f"{operation} answers {sorted(answer)}, and should answer nothing")
            return b""
        return orjson.dumps(plain(shape, dict(answer), operation))

    def event(self, operation: str, stream: str, name: str, event: Mapping[str, Any]) -> Any:
        """The members of an event of an answer's event stream, as JSON has them.

        Raises TypeError for an event that the model does not know.
        """
        shape = self._model.operation_model(operation).output_shape
        return plain(shape.members[stream].members[name], dict(event), f"{operation}.{name}")


def error_body(error: InvokeError) -> bytes:
    """The body of an error."""
    return orjson.dumps({"__type": error.code, "message": error.message, **error.fields})
