"""ctx.map: one function over many items, on all the processes and machines that the run has."""

from typing import Annotated

from journal import Context, Field, Report, task

BLOCK = 2_000


@task("primes.count")
def count(ctx: Context, below: Annotated[int, Field(ge=2, le=10_000_000)] = 20_000) -> Report:
    """Count the primes below a number."""
    blocks = [(start, min(start + BLOCK, below)) for start in range(0, below, BLOCK)]
    counts = ctx.map(primes_between, blocks)  # a function at the top of the module can travel
    return Report().metric("primes", sum(counts)).output("counts", counts)


def primes_between(block: tuple[int, int]) -> int:
    """Return how many primes are in a block, its end left out."""
    return sum(is_prime(number) for number in range(*block))


def is_prime(number: int) -> bool:
    """Return whether a number is prime, by trial division."""
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))
