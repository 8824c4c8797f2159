"""A table: from a file of data, with names by which sentences can speak of its cells."""

from statistics import mean, stdev

from journal import File, Report, TaskError, open_table, task


@task("marks.summary")
def summary(data: File) -> Report:
    """Say for each column of numbers how many there are, their mean and their spread."""
    table = open_table(data)
    columns = dict(zip(table.names, zip(*table.read().tolist(), strict=True), strict=True))
    if any(len(numbers) < 2 for numbers in columns.values()):
        raise TaskError(f"{data.name} has one row; a spread needs two")
    rows = [
        {"column": name, "count": len(numbers), "mean": mean(numbers), "spread": stdev(numbers)}
        for name, numbers in columns.items()
    ]
    report = Report().metric("columns", len(rows)).text(table.sentence(rows[0]["count"]))
    return report.table(rows, title="Each column", name="column", digits=1)
