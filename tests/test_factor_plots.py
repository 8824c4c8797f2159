"""Pictures of factors: labels that don't overlap, however alike the variables are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.factor.adequacy import assess
from journal_tasks.factor.data import associate
from journal_tasks.factor.extraction import extract
from journal_tasks.factor.number_of_factors import suggest_number
from journal_tasks.factor.plots import draw_path, draw_plane, draw_scree, spread
from journal_tasks.factor.rotation import rotate
from journal_tasks.factor.solution import Solution

PLACES = st.lists(st.floats(-1, 1), max_size=40).map(lambda places: np.array(sorted(places)))


@given(PLACES, st.floats(0.01, 0.3))
def test_places_are_spread_as_little_as_need_be(places: np.ndarray, gap: float) -> None:
    found = spread(places, gap)
    assert all(above - below >= gap - 1e-9 for below, above in pairwise(found))
    if all(above - below >= gap for below, above in pairwise(places)):
        assert found == pytest.approx(places)
    assert found.sum() == pytest.approx(places.sum(), abs=1e-6)  # none of the means moves


def alike(count: int) -> Solution:
    """Return a solution of two factors with variables that are much alike."""
    random = np.random.default_rng(count)
    common = np.repeat(random.normal(size=(200, 2)), -(-count // 2), axis=1)[:, :count]
    found = associate(common + 0.4 * random.normal(size=(200, count)), [f"A variable {n}" for n in range(count)])
    extraction = extract(found.matrix, 2, "principal")
    turned = rotate(extraction.loadings, "varimax")
    number = suggest_number(found.matrix, 200)
    return Solution(found, assess(found.matrix, 200), number, extraction, turned, None, None)


@pytest.mark.parametrize("count", [3, 10, 14, 24])
def test_labels_of_the_plane_do_not_overlap(count: int) -> None:
    assert_apart(draw_plane(alike(count)), "A variable", count)


@pytest.mark.parametrize("count", [3, 10, 14])
def test_labels_of_paths_do_not_overlap(count: int) -> None:
    assert_apart(draw_path(alike(count), 0.4), "A variable", count)


@pytest.mark.parametrize("count", [3, 25, 60])
def test_the_legend_of_the_scree_plot_covers_nothing(count: int) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    plot = draw_scree(alike(count))
    FigureCanvasAgg(plot).draw()
    (axes,) = plot.axes
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1 - 1


def assert_apart(plot: object, begins: str, count: int) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    assert isinstance(plot, Figure)
    FigureCanvasAgg(plot).draw()
    labels = [one for one in plot.findobj(Text) if isinstance(one, Text) and one.get_text().startswith(begins)]
    boxes = [Text.get_window_extent(one) for one in labels]  # without the arrows of annotations
    assert len(boxes) == count
    for place, box in enumerate(boxes):
        for other in boxes[:place]:
            common = Bbox.intersection(box, other)
            assert common is None or min(common.width, common.height) < 1, (box, other)
