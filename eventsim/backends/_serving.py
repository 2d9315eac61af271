"""The services of a back end for clients that are no part of the run: they come by HTTP."""

from __future__ import annotations

from typing import Protocol

from eventsim.rules.service_actions import ServiceRequest
from eventsim.rules.signatures import Signature
from eventsim.types import HttpRequest, HttpResponse


class Services(Protocol):
    """Reads requests as the service that they are signed for, and answers them."""

    def read(self, request: HttpRequest, signature: Signature) -> ServiceRequest | None:
        """What a request asks for; None for one that is no operation of the service."""

    def answer(self, request: HttpRequest, signature: Signature) -> HttpResponse:
        """Carry the request out, whoever makes it."""
