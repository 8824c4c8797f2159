"""How many factors: what the usual rules say, and one recommendation with its reasons."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from journal import Composite, Number

from .arrays import Array, as_correlation, as_matrix, eigen
from .errors import Caution
from .extraction import degrees_of_freedom
from .parallel import Parallel, analyse_parallel

PREFERENCE = ("parallel-factors", "map", "parallel-components", "kaiser", "elbow")


@dataclass(frozen=True)
class Vote:
    """What one rule says: a number of factors, and why in one sentence with the numbers behind it.

    ``counted`` is False for a rule that is shown and takes no part in the recommendation.
    """

    rule: str
    factors: int
    reason: Composite
    counted: bool = True


@dataclass(frozen=True)
class NumberOfFactors:
    """The recommendation ``factors`` with its ``reason``, the ``votes`` behind it, and the curves to draw.

    ``eigenvalues`` (p,) are the correlation matrix's, ``explained`` (p,) the cumulative share of variance,
    ``map_values`` (m,) Velicer's mean squared partial correlations after 0, 1, … components. ``components`` and
    ``common`` are the parallel analyses, None without observations (``common`` also with too few rows or a singular
    matrix).
    """

    factors: int
    reason: str
    votes: tuple[Vote, ...]
    eigenvalues: Array
    explained: Array
    map_values: Array
    components: Parallel | None
    common: Parallel | None
    cautions: tuple[Caution, ...]


def suggest_number(
    matrix: ArrayLike,
    observations: int | None = None,
    *,
    samples: int = 200,
    level: float = 0.95,
    share: float = 0.6,
    most: int | None = None,
    seed: int = 0,
) -> NumberOfFactors:
    """Ask each rule for the number of factors behind a correlation or covariance matrix (p, p).

    The recommendation is the number that most of the counted rules name; a tie goes to the rule that comes first in
    PREFERENCE. It is held within 1 and ``most``: p for principal components, else (None) the most that leave a factor
    model degrees of freedom. ``share`` is the explained variance asked for. Raises FactorError when the matrix is
    not square, finite and symmetric.
    """
    correlation = as_correlation(as_matrix(matrix, "the matrix"))
    eigenvalues = eigen(correlation)[0]
    explained = np.cumsum(eigenvalues) / len(correlation)
    map_values = minimum_average_partials(correlation)
    enough = observations is not None and observations > 2
    components, common = (
        analyse_parallel(correlation, observations or 0, samples, level, seed) if enough else (None,) * 2
    )
    votes = [
        *_parallel_votes(components, common, samples),
        _map_vote(map_values),
        _kaiser_vote(eigenvalues),
        _elbow_vote(eigenvalues),
        _explained_vote(explained, share),
    ]
    factors, reason, cautions = recommend(votes, most or most_factors(len(correlation)))
    if not enough:
        cautions.append(Caution("no-observations", "parallel analysis needs the number of observations; state it"))
    return NumberOfFactors(
        factors, reason, tuple(votes), eigenvalues, explained, map_values, components, common, tuple(cautions)
    )


def recommend(votes: list[Vote], most: int) -> tuple[int, str, list[Caution]]:
    """Pick the number that most counted votes name, say why, and hold it within 1 to ``most``."""
    ranked = sorted((vote for vote in votes if vote.counted), key=lambda vote: PREFERENCE.index(vote.rule))
    tally = Counter(vote.factors for vote in ranked)
    named, backers = tally.most_common(1)[0]
    rules = [vote.rule for vote in ranked if vote.factors == named]
    rivals = [str(number) for number, count in tally.items() if count == backers and number != named]
    tie = f"; {' and '.join(rivals)} had as many, {rules[0]} goes first" if rivals else ""
    reason = f"{backers} of {len(ranked)} rules say {named} ({', '.join(rules)}){tie}"
    if named < 1:
        text = "most rules find nothing beyond chance: one factor is shown, do not build on it"
        return 1, reason, [Caution("no-factors", text)]
    if named > most:
        text = f"{named} factors are more than these variables can determine: {most} is the most"
        return most, reason, [Caution("too-many-factors", text)]
    return named, reason, []


def most_factors(variables: int) -> int:
    """The most factors with degrees of freedom at zero or more (Ledermann 1937), and at least 1."""
    return max([k for k in range(1, variables) if degrees_of_freedom(variables, k) >= 0], default=1)


def minimum_average_partials(correlation: Array) -> Array:
    """Mean squared partial correlation after taking out 0, 1, … components (Velicer 1976); ends before p − 1."""
    values, vectors = eigen(correlation)
    loadings = vectors * np.sqrt(np.maximum(values, 0.0))
    variables = len(correlation)
    found = []
    for count in range(max(variables - 1, 1)):
        left = correlation - loadings[:, :count] @ loadings[:, :count].T
        if np.diag(left).min() < 1e-10:
            break
        squares = as_correlation(left) ** 2
        found.append((squares.sum() - variables) / (variables * max(variables - 1, 1)))
    return np.array(found)


def elbow(eigenvalues: Array) -> int:
    """Count the eigenvalues before the one furthest below the line from the first to the last (Satopää et al. 2011)."""
    steps = np.linspace(0.0, 1.0, len(eigenvalues))
    line = eigenvalues[0] + (eigenvalues[-1] - eigenvalues[0]) * steps
    return int(np.argmax(line - eigenvalues))


def _parallel_votes(components: Parallel | None, common: Parallel | None, samples: int) -> list[Vote]:
    votes = []
    for rule, noun, found in (("components", "eigenvalues", components), ("factors", "common eigenvalues", common)):
        if found is not None:
            count = min(found.factors, int((found.observed > 0).sum()))  # below zero is no variance to explain
            numbers = {
                "level": Number(100 * found.level, digits=0),
                "samples": Number(samples),
                "factors": Number(count),
            }
            reason = Composite(noun + " above the {level}% quantile of {samples} random samples: {factors}", numbers)
            votes.append(Vote(f"parallel-{rule}", count, reason))
    return votes


def _map_vote(values: Array) -> Vote:
    best = int(np.argmin(values))
    numbers = {"least": Number(float(values[best]), digits=4), "factors": Number(best)}
    text = "partial correlations are smallest ({least}) once {factors} components are taken out"
    return Vote("map", best, Composite(text, numbers))


def _kaiser_vote(eigenvalues: Array) -> Vote:
    count = int((eigenvalues > 1).sum())
    return Vote("kaiser", count, Composite("eigenvalues above 1: {factors}", {"factors": Number(count)}))


def _elbow_vote(eigenvalues: Array) -> Vote:
    count = elbow(eigenvalues)
    text = "the scree bends most at eigenvalue {eigenvalue}: {factors} before it"
    return Vote("elbow", count, Composite(text, {"eigenvalue": Number(count + 1), "factors": Number(count)}))


def _explained_vote(explained: Array, share: float) -> Vote:
    count = int(np.searchsorted(explained, share - 1e-12)) + 1
    numbers = {
        "explained": Number(100 * float(explained[count - 1]), digits=1),
        "factors": Number(count),
        "wanted": Number(100 * share, digits=0),
    }
    text = "{explained}% of the variance by {factors} components, {wanted}% was asked for"
    return Vote("explained-variance", count, Composite(text, numbers), counted=False)
