"""
How much of a processor a function has: a share that grows with its memory.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

WHOLE_CPU_MB = 1_769


def slowdown(memory_size: int) -> float:
    """How many times as long work takes as on one whole vCPU; work of one thread has no more."""
    return max(1.0, WHOLE_CPU_MB / memory_size)
