"""How long things take in virtual time: constants and named distributions, in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless, with this mean."""

    mean: float


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Around ``median``; the larger ``sigma``, the wider."""

    median: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything from ``low`` to ``high``, each as likely."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gamma:
    """With this mean; ``shape`` 1 is exponential, the larger the narrower."""

    mean: float
    shape: float


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of what was measured, each as likely; never empty."""

    values: tuple[float, ...]


Distribution = Exponential | Lognormal | Uniform | Gamma | Empirical


@dataclass(frozen=True, slots=True)
class Duration:
    """So many seconds, or what *distribution* draws, or as long as it took on this machine.

    Of ``cpu`` they are seconds of one whole vCPU, of which a function has its share.
    """

    seconds: float = 0.001
    distribution: Distribution | None = None
    measured: bool = False
    cpu: bool = False


ONE_MILLISECOND = Duration()
