"""A total: an amount that counts toward a goal of journal.yml, over all days."""

from typing import Annotated

from journal import Field, Report, escape, task


@task("pages.read")
def read(book: str, pages: Annotated[int, Field(ge=1)], ledger: str = "reading") -> Report:
    """Count the pages read of a book."""
    return Report().metric("pages", pages).text(f"Read in *{escape(book)}*.").total(ledger, pages, "pages")
