"""
DocumentDB: changes of documents, as a function gets them of a cluster's change streams.

https://docs.aws.amazon.com/lambda/latest/dg/with-documentdb.html
(Lambda polls. Values are MongoDB's extended JSON.)
"""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any

from pydantic import Field

from eventsim.rules.arns import arn
from eventsim.types import InvocationType, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("RequestResponse",)

Cluster = Annotated[str, "the cluster's name"]
Database = Annotated[str, "the database's name"]
Collection = Annotated[str, "the collection's name"]
Records = Annotated[int, Field(ge=1, le=10_000), "changes in the event, of a document each"]
Document = Annotated[dict[str, Any] | None, "JSON of the document, without its _id"]

_ORDER = {"customer": "customer-1", "status": "placed", "total": 42.5}


def insert(
    scene: Scene,
    *,
    cluster: Cluster = "orders-cluster",
    database: Database = "shop",
    collection: Collection = "orders",
    document: Document = None,
    records: Records = 1,
) -> dict[str, Any]:
    """Documents were inserted."""
    changes = [
        _change(scene, "insert", database, collection, _ORDER if document is None else document)
        for _ in range(records)
    ]
    return _event(scene, cluster, changes)


def update(
    scene: Scene,
    *,
    cluster: Cluster = "orders-cluster",
    database: Database = "shop",
    collection: Collection = "orders",
    updated: Annotated[dict[str, Any] | None, "JSON of the fields with new values"] = None,
    removed: Annotated[list[str] | None, "the fields that are gone"] = None,
    document: Annotated[
        dict[str, Any] | None, "JSON of all of it, where the mapping looks it up (UpdateLookup)"
    ] = None,
    records: Records = 1,
) -> dict[str, Any]:
    """Fields of documents were changed."""
    description = {
        "updatedFields": {"status": "shipped"} if updated is None else updated,
        "removedFields": removed or [],
    }
    changes = [
        {
            **_change(scene, "update", database, collection, document),
            "updateDescription": deepcopy(description),
        }
        for _ in range(records)
    ]
    return _event(scene, cluster, changes)


def replace(
    scene: Scene,
    *,
    cluster: Cluster = "orders-cluster",
    database: Database = "shop",
    collection: Collection = "orders",
    document: Document = None,
    records: Records = 1,
) -> dict[str, Any]:
    """Documents were replaced."""
    new = {**_ORDER, "status": "shipped"} if document is None else document
    changes = [_change(scene, "replace", database, collection, new) for _ in range(records)]
    return _event(scene, cluster, changes)


def delete(
    scene: Scene,
    *,
    cluster: Cluster = "orders-cluster",
    database: Database = "shop",
    collection: Collection = "orders",
    records: Records = 1,
) -> dict[str, Any]:
    """Documents were deleted."""
    changes = [_change(scene, "delete", database, collection, None) for _ in range(records)]
    return _event(scene, cluster, changes)


EVENTS = (insert, update, replace, delete)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The cluster's ARN, which is one of RDS."""
    return str(event["eventSourceArn"])


def _event(scene: Scene, cluster: str, changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "eventSourceArn": arn("rds", scene.region, scene.account, f"cluster:{cluster}"),
        "events": [{"event": change} for change in changes],
        "eventSource": "aws:docdb",
    }


def _change(
    scene: Scene,
    operation: str,
    database: str,
    collection: str,
    document: dict[str, Any] | None,
) -> dict[str, Any]:
    second, number = int(scene.at.timestamp()), scene.count("documentdb changes") + 1
    key = {"$oid": f"{second:08x}{scene.hex(16)}"}
    full = {} if document is None else {"fullDocument": {"_id": dict(key), **deepcopy(document)}}
    return {
        "_id": {"_data": f"01{second:08x}{number:08x}01{number:08x}000041e1"},
        "clusterTime": {"$timestamp": {"t": second, "i": number}},
        "documentKey": {"_id": key},
        **full,
        "ns": {"db": database, "coll": collection},
        "operationType": operation,
    }
