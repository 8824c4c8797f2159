"""A solution: all that was found of one matrix, on its way from the numbers to the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adequacy import Adequacy
from .arrays import Array
from .data import Association
from .extraction import Extraction
from .fit import Fit
from .number_of_factors import NumberOfFactors
from .rotation import Rotation
from .scores import ScoreWeights


@dataclass(frozen=True)
class Solution:
    """All that was found of one matrix."""

    association: Association
    adequacy: Adequacy
    number_of_factors: NumberOfFactors
    extraction: Extraction
    rotation: Rotation | None
    fit: Fit | None
    weights: ScoreWeights | None

    @property
    def loadings(self) -> Array:
        """Return the pattern matrix (p, k) in the units of the matrix, rotated where it was asked for."""
        return self.rotation.loadings if self.rotation else self.extraction.loadings

    @property
    def names(self) -> list[str]:
        return [f"F{number}" for number in range(1, self.loadings.shape[1] + 1)]

    @property
    def oblique(self) -> bool:
        return self.rotation is not None and self.rotation.oblique

    @property
    def standardised_loadings(self) -> Array:
        """Return the pattern matrix (p, k) for variables of variance one."""
        return np.asarray(self.loadings / np.sqrt(np.diag(self.association.matrix))[:, None])

    @property
    def shares(self) -> Array:
        """Return (p, k) percentages of each variable's variance; they add up where factors don't correlate."""
        return np.asarray(100 * self.loadings**2 / np.diag(self.association.matrix)[:, None])

    @property
    def communality_percent(self) -> Array:
        """Return (p,) percentages of each variable's variance that all factors account for."""
        return np.asarray(100 * self.extraction.communalities / np.diag(self.association.matrix))
