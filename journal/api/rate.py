"""Success rates with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """How many attempts out of a number succeeded."""

    good: int
    tries: int

    def sentence(self, good: str, tries: str) -> str:
        """Return a sentence with the interval: "7 of 8 right (88 %; 95 % interval 53 to 98 %)"."""
        low, high = self.interval()
        share = f"{100 * self.good / self.tries:.0f} %; 95 % interval {100 * low:.0f} to {100 * high:.0f} %"
        return f"{self.good} of {self.tries} {tries} {good} ({share})"

    def interval(self, z: float = 1.959964) -> tuple[float, float]:
        """Return the 95 % score interval of the rate, between 0 and 1 (Wilson 1927)."""
        rate, n = self.good / self.tries, self.tries
        middle = rate + z * z / (2 * n)
        spread = z * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5
        return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))
