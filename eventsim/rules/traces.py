"""
Through which functions a chain of requests has been: the lineage in an X-Ray trace header.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html

Pure. A header such as ``Root=1-5759e988-…;Parent=…;Sampled=0;Lineage=1:a87bd80c:1|1:68fd508a:5``
names each function by a digest of its ARN, versions and aliases alike, and says how often it ran
again after its first time. It passes from an invocation to what Lambda sends because of it, by
way of queues and topics too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

INVOCATIONS_MAX = 16  # of one function in one chain; the next one is stopped
HEADER_BYTES_MAX = 4_096
_LINEAGE = "Lineage="


@lru_cache(1024)
def digest(function_arn: str) -> str:
    """How a lineage calls a function; the qualifier of its ARN makes no difference."""
    unqualified = ":".join(function_arn.split(":")[:7])
    return sha256(unqualified.encode()).hexdigest()[:8]


def invocations(header: str | None, function_arn: str) -> int:
    """How often a function has run in the chain that *header* is of; 0 for what has no header."""
    again = _lineage(header or "").get(digest(function_arn))
    return 0 if again is None else again + 1


def is_loop(header: str | None, function_arn: str) -> bool:
    """Whether the next invocation of this chain is one too many."""
    return header is not None and invocations(header, function_arn) >= INVOCATIONS_MAX


def came_back(sent_on: str, function_arn: str) -> bool:
    """Whether a stopped invocation has been stopped in this chain before: what was sent of it came
    back to it. *sent_on* is what ``onward`` made.

    (AWS says that such a loop is terminated too, and not how: nothing more is sent.)
    """
    return invocations(sent_on, function_arn) > INVOCATIONS_MAX + 1


def begun(request_id: str, now: float) -> str:
    """The header of a request that is the first of its chain; *now* is epoch time."""
    return _root(sha256(request_id.encode()).hexdigest(), now)


def onward(header: str | None, function_arn: str, request_id: str, now: float) -> str:
    """The header of what an invocation sends on, itself counted; *now* is epoch time.

    Without a *header* that can be read, a chain begins with this invocation.
    """
    drawn = sha256(request_id.encode()).hexdigest()
    root = _root(drawn, now)
    if header is None:
        first = f"{_LINEAGE}1:{digest(function_arn)}:0"  # most invocations are of no chain yet
        return f"{root};Parent={drawn[24:40]};Sampled=0;{first}"
    lineage = _lineage(header)
    lineage[digest(function_arn)] = invocations(header, function_arn)
    root = _part(header, "Root=") or root
    return _written(root, f"Parent={drawn[24:40]}", lineage)


def merged(headers: Iterable[str | None]) -> str | None:
    """The header of what comes of several requests: each function as often as in any of them."""
    given = [header for header in headers if header]
    if len(given) < 2:
        return given[0] if given else None
    lineage: dict[str, int] = {}
    for header in given:
        for name, again in _lineage(header).items():
            lineage[name] = max(again, lineage.get(name, 0))
    return _written(_part(given[0], "Root="), _part(given[0], "Parent="), lineage)


def _lineage(header: str) -> dict[str, int]:
    """The functions and how often each ran again; what is not of this form is no lineage."""
    found: dict[str, int] = {}
    if len(header) > HEADER_BYTES_MAX:
        return found
    for step in _part(header, _LINEAGE).removeprefix(_LINEAGE).split("|"):
        name, _, again = step.removeprefix("1:").partition(":")
        if again.isascii() and again.isdigit() and len(again) < 6:
            found[name] = int(again)
    return found


def _root(drawn: str, now: float) -> str:
    return f"Root=1-{int(now):08x}-{drawn[:24]}"


def _part(header: str, name: str) -> str:
    return next((part for part in header.split(";") if part.startswith(name)), "")


def _written(root: str, parent: str, lineage: dict[str, int]) -> str:
    steps = "|".join(f"1:{name}:{again}" for name, again in lineage.items())
    return ";".join(part for part in (root, parent, "Sampled=0", _LINEAGE + steps) if part)
