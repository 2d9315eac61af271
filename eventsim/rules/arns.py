"""
Amazon Resource Names, each in the partition of its region.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations


def arn(service: str, region: str, account: str, resource: str) -> str:
    """Return an ARN; IAM's have no region but are of the partition that *region* is in."""
    place = "" if service == "iam" else region
    return f"arn:{partition(region)}:{service}:{place}:{account}:{resource}"


def partition(region: str) -> str:
    """Return the partition that a region belongs to, as ARNs write it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def region_of(name: str) -> str:
    """Return the region in an ARN."""
    return name.split(":")[3]
