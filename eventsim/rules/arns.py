"""
Amazon Resource Names, each in the partition of its region.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

# Where a run takes place unless it says otherwise.
REGION = "us-east-1"
ACCOUNT = "123456789012"


def arn(service: str, region: str, account: str, resource: str) -> str:
    """Return an ARN, of the partition that *region* is in.

    IAM's and STS's have no region, those of S3 buckets no account either.
    """
    place = "" if service in ("iam", "sts", "s3") else region
    owner = "" if service == "s3" else account
    return f"arn:{partition(region)}:{service}:{place}:{owner}:{resource}"


def partition(region: str) -> str:
    """Return the partition that a region belongs to, as ARNs write it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def dns_suffix(region: str) -> str:
    """Return what the addresses of AWS's services end in, in the partition of *region*."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def region_of(name: str) -> str:
    """Return the region in an ARN."""
    return name.split(":")[3]


def account_of(name: str) -> str:
    """Return the account in an ARN."""
    return name.split(":")[4]


def function_of(name: str) -> str:
    """Return the function in the ARN of one, with its version or alias if that has one."""
    return name.split(":", 6)[6]


def service_of(name: str) -> str:
    """Return the service in an ARN, or nothing for a text that is none."""
    parts = name.split(":")
    return parts[2] if parts[0] == "arn" and len(parts) > 5 else ""
