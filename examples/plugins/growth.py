"""A figure: a drawing that the page's typeface, light and dark fit."""

from typing import Annotated

from journal import Field, Report, new_figure, task


@task("growth.curve")
def curve(rate: Annotated[float, Field(gt=0, le=1, description="growth each year, 0.07 for 7 %")]) -> Report:
    """Draw how an amount of 1 grows over 30 years."""
    amounts = [(1 + rate) ** year for year in range(31)]
    figure, axes = new_figure()
    axes.plot(range(31), amounts)
    axes.set(xlabel="years", ylabel="times the amount")
    report = Report().metric("times", amounts[-1], digits=2)
    return report.figure("growth", figure, alt=f"A curve that rises from 1 to {amounts[-1]:.1f} in 30 years")
