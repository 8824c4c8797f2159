"""The guide as a site: it builds without a warning, and its reference leaves nothing out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from journal.cli.group import GROUPS
from journal.errors import BlockConflictError, EntryError, JournalError, UsageError
from journal.text import entry, workspace

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide, built with every warning an error."""
    for needed in ("nbclient", "soundfile"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    folder = tmp_path_factory.mktemp("guide")
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(ROOT / "guide/mkdocs.yml"), "-d", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    return folder


def headings(page: Path) -> set[str]:
    found = re.findall(r"<h[23] id=\"[^\"]*\">(.*?)<a", page.read_text())
    return {re.sub(r"<[^>]+>", "", one).strip() for one in found}


@pytest.mark.slow
def test_every_command_task_and_kind_of_item_has_its_place(site: Path) -> None:
    doors = PROJECT["entry-points"]
    assert headings(site / "commands.html") >= {f"journal {name}" for names in GROUPS.values() for name in names}
    assert headings(site / "commands.html") >= {f"journal {name}" for name in doors["journal.commands"]}
    assert headings(site / "tasks.html") == set(doors["journal.tasks"])
    assert headings(site / "report.html") >= set(doors["journal.items"])


@pytest.mark.slow
def test_every_task_and_item_is_shown_by_what_the_program_makes_of_it(site: Path) -> None:
    for page, count in (("tasks", 7), ("report", 14), ("gallery", 8 + 2)):
        html = (site / f"{page}.html").read_text()
        assert html.count('<div class="shown">') == count and not re.search(r"BLOCK\d+END", html)
        for path in re.findall(r'src="(shown/[^"]+)"', html):
            assert (site / path).is_file(), path
    assert "<svg" in (site / "report.html").read_text() and "<audio" in (site / "report.html").read_text()


@pytest.mark.slow
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    for page in site.glob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|audio|iframe|link rel="stylesheet")[^>]* (?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert loaded == [], page.name


def test_every_link_between_the_pages_leads_to_a_file_and_a_heading_of_it() -> None:
    """As on a page of the repository, where the pages that are made for the guide are not there."""
    for page in [*DOCS.glob("*.md"), ROOT / "examples/README.md"]:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            path, _, anchor = link.partition("#")
            if "://" in link:
                continue
            target = (page.parent / path) if path else page
            assert target.is_file(), f"{page.name}: {link}"
            found = re.findall(r"^#+ (.*)", target.read_text(), re.MULTILINE) if anchor else []
            slugs = [re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found]
            assert not anchor or anchor in slugs, f"{page.name}: {link}"


def keys_in(page: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]+) \|", (DOCS / page).read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([\w-]+)`", cell)}


def test_the_page_on_entries_names_every_key() -> None:
    known = {*entry._FRONT_MATTER_NAMES, *entry._FORMER_ADDRESSES, *entry.RESERVED}
    assert keys_in("entry-keys.md") == known


def test_the_page_on_journal_yml_names_every_key() -> None:
    assert keys_in("journal-yml.md") == set(workspace._SETTINGS)


def test_the_example_of_journal_yml_is_read(tmp_path: Path) -> None:
    example = (DOCS / "journal-yml.md").read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "journal.yml").write_text(example)
    found = workspace.read_workspace(tmp_path)
    assert found.goals["glaswegian"].to("h") == 2 and found.servers["mine"].concurrency == 4
    assert set(re.findall(r"^([\w-]+):", example, re.MULTILINE)) == set(workspace._SETTINGS)


def test_the_page_on_exit_codes_names_every_code() -> None:
    listed = re.findall(r"^\| (\d+) \|", (DOCS / "exit-codes.md").read_text(), re.MULTILINE)
    codes = {kind.exit_code for kind in (JournalError, UsageError, EntryError, BlockConflictError)}
    assert {int(one) for one in listed} == codes | {0, 130}


def test_every_report_is_as_the_schema_says() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((DOCS / "report.schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    reports = [*ROOT.glob("entries/*/*/report.json"), *ROOT.glob("examples/entries/*/*/report.json")]
    assert len(reports) >= 15
    for path in reports:
        data = json.loads(path.read_text())
        check.validate(data)
        assert set(data) <= set(schema["properties"])
    kinds = {item["kind"] for path in reports for item in json.loads(path.read_text())["items"]}
    assert kinds == set(PROJECT["entry-points"]["journal.items"])


def test_the_schema_refuses_what_is_no_report() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(json.loads((DOCS / "report.schema.json").read_text()))
    good = json.loads(next(ROOT.glob("examples/entries/*/marks/report.json")).read_text())
    assert check.is_valid(good)
    for wrong in (
        {"schema": 2},
        {"items": [{"kind": "metric", "name": "n"}]},
        {"items": [{"kind": "table", "columns": ["a"], "rows": [[[1]]]}]},
        {"items": [{"name": "n"}]},
        {"outputs": {"a": 3}},
        {"artifacts": {"a.txt": "short"}},
    ):
        assert not check.is_valid({**good, **wrong}), wrong


def test_the_table_of_keys_of_a_report_is_that_of_the_schema() -> None:
    schema = json.loads((DOCS / "report.schema.json").read_text())
    assert keys_in("report-json.md") == set(schema["properties"])
