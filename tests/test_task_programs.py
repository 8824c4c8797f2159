"""Commands and notebooks as steps: what they read is declared, and what they make is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Space

nbformat = pytest.importorskip("nbformat")
DATA = "name,score\nann,3.50\nbo,12\n"


@pytest.fixture
def place(space: Space) -> Space:
    space.write("data/in.csv", DATA)
    return space


def _run(space: Space, step: str, check: int = 0) -> tuple[str, str]:
    """Run a day of one step and return its block and what the command said."""
    path = space.entry(f"  it:\n{step}")
    said = space.run("day", "133", check=check).out
    return path.read_text().partition("<!-- journal:it -->")[2], said


def _notebook(space: Space, *cells: str, tags: tuple[str, ...] = ()) -> None:
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    if tags:
        made[0].metadata["tags"] = list(tags)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# About\n\nOwn words."), *made])
    space.write("data/book.ipynb", nbformat.writes(book))


def test_what_a_command_prints_is_shown_as_text(place: Space) -> None:
    block, _ = _run(place, "    uses: shell.run\n    command: echo '<b>two</b> words'\n")
    assert '<pre class="quote">&lt;b&gt;two&lt;/b&gt; words</pre>' in block


@pytest.mark.parametrize("delimiter", [",", ";", "\\t"])
def test_a_printed_table_keeps_its_digits(place: Space, delimiter: str) -> None:
    command = f"printf 'name{delimiter}score\\nann{delimiter}3.50\\nbo{delimiter}007\\n'"
    block, _ = _run(place, f"    uses: shell.run\n    command: {json.dumps(command)}\n    printed: table\n")
    assert "| ann | 3.50 |" in block and "| bo | 007 |" in block


def test_a_file_that_is_not_declared_is_not_there(place: Space) -> None:
    block, said = _run(place, "    uses: shell.run\n    command: cat data/in.csv\n", check=1)
    assert "what it reads has to stand in files:" in said and "what it reads has to stand in files:" in block
    block, _ = _run(place, "    uses: shell.run\n    command: cat data/in.csv\n    files: data/in.csv\n")
    assert "bo,12" in block


def test_a_declared_file_that_changes_has_the_command_run_again(place: Space) -> None:
    step = "    uses: shell.run\n    command: wc -l < data/in.csv\n    files: data/in.csv\n"
    assert "1 ran" in _run(place, step)[1]
    assert "nothing changed" in place.run("day", "133").out
    place.write("data/in.csv", DATA + "cy,1\n")
    assert "1 ran" in place.run("day", "133").out


def test_a_command_changes_copies_alone(place: Space) -> None:
    _run(place, "    uses: shell.run\n    command: echo more >> data/in.csv\n    files: data/in.csv\n")
    assert (place.root / "data/in.csv").read_text() == DATA


def test_results_are_shown_by_their_suffix_and_named_for_later_steps(place: Space) -> None:
    command = (
        """cp data/in.csv copy.csv; echo '{"sum": 15.5, "name": "x"}' > sums.json; mkdir t; echo words > t/a.txt"""
    )
    step = f"    uses: shell.run\n    command: {json.dumps(command)}\n    files: data/in.csv\n"
    place.entry(
        f"  it:\n{step}    results: ['*.csv', sums.json, t/a.txt]\n"
        "  next:\n    uses: shell.run\n    command: cat copy.csv\n    files: ['${it.copy}']\n"
    )
    said = place.run("day", "133", check=0).out
    text = (place.root / "entries/2024-05-13-day-133.md").read_text()
    assert "sum: **15.5**" in text and "| ann | 3.50 |" in text and "words</pre>" in text
    assert "sum 15.5" in said and text.count("bo,12") == 1


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("command: 'false'", "the command ended with code 1 and said nothing of why"),
        ("command: echo no 1>&2; exit 3", "the command ended with code 3: no"),
        ("command: kill -9 $$", "the command was ended by signal 9"),
        ("command: echo a\n    results: [plot.png]", "results: the command made no plot.png; it made no file"),
        ("command: echo a\n    results: [../x]", "results: ../x is outside the folder"),
        ("command: echo a > a.png\n    results: [a.png]", "a.png is no PNG file"),
        ("command: echo a > a.json\n    results: [a.json]", "a.json: is not JSON"),
        ("command: printf 'a,b\\n1\\n'\n    printed: table", "what the command printed: row 2 has 1 cells"),
        ("command: printf 'a\\n'\n    printed: table", "a table has a header and rows; found 1 line"),
        ("command: ''", "at least 1 character"),
    ],
)
def test_what_goes_wrong_is_one_line(place: Space, step: str, message: str) -> None:
    _, said = _run(place, f"    uses: shell.run\n    {step}\n", check=1 if "''" not in step else 3)
    assert message in said + place.run("day", "133").err


def test_lines_after_a_failure_do_not_run(place: Space) -> None:
    _, said = _run(place, "    uses: shell.run\n    command: |\n      false\n      echo went on\n", check=1)
    assert "went on" not in said


@pytest.mark.parametrize("task", ["shell.run\n    command: echo hi", "notebook.run\n    notebook: data/book.ipynb"])
def test_programs_of_a_workspace_that_is_not_trusted_do_not_run(
    place: Space, task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _notebook(place, "1")
    before = place.entry(f"  it:\n    uses: {task}\n").read_bytes()
    monkeypatch.setenv("JOURNAL_TRUST", "0")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    done = place.run("day", "133")
    assert done.code != 0 and "runs a program of this workspace, which is not trusted" in done.out + done.err
    assert (place.root / "entries/2024-05-13-day-133.md").read_bytes() == before


def test_a_notebook_shows_its_tables_pictures_and_text(place: Space) -> None:
    pytest.importorskip("pandas")
    _notebook(
        place,
        "import pandas as pd\nprint('read')\npd.read_csv('data/in.csv')",
        "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>')",
        "object()",
    )
    block, _ = _run(place, "    uses: notebook.run\n    notebook: data/book.ipynb\n    files: data/in.csv\n")
    assert '<pre class="quote">read</pre>' in block and "| 0 | ann | 3.5 |" in block and "cell-3.svg" in block
    assert "at 0x" not in block and "Own words" not in block
    kept = place.root / "entries/2024-05-13-day-133/it/book.ipynb"
    first = kept.read_bytes()
    place.run("day", "133", "--force", check=0)
    assert kept.read_bytes() == first
    assert "execution_count" in first.decode() and "at 0x" not in first.decode()


def test_parameters_replace_the_defaults_and_prose_is_shown_on_request(place: Space) -> None:
    _notebook(place, "n = 3\nword = 'no'", "print(n * 2, word)", tags=("parameters",))
    step = "    uses: notebook.run\n    notebook: data/book.ipynb\n"
    assert "6 no</pre>" in _run(place, step)[0]
    block, _ = _run(place, step + "    parameters: {n: 5, word: it's}\n    prose: true\n")
    assert "10 it's</pre>" in block.replace("&#x27;", "'") and "Own words." in block


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1/0", "in the cell that begins with '1/0': ZeroDivisionError: division by zero"),
        ("open('data/none.csv')", "what it reads has to stand in files:"),
        ("import os; os._exit(1)", "the kernel ended in"),
    ],
)
def test_a_cell_that_fails_is_named(place: Space, cell: str, message: str) -> None:
    _notebook(place, "1", cell)
    assert message in _run(place, "    uses: notebook.run\n    notebook: data/book.ipynb\n", check=1)[1]


def test_a_file_that_is_no_notebook_is_told(place: Space) -> None:
    said = _run(place, "    uses: notebook.run\n    notebook: data/in.csv\n", check=1)[1]
    assert "in.csv: is no notebook" in said


@pytest.mark.parametrize("name", ["cell-2.svg", "book.ipynb"])
def test_a_result_that_would_be_written_over_is_refused(place: Space, name: str) -> None:
    picture = "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>')"
    _notebook(place, f"open('{name}', 'w').write('<svg/>')\n{picture}")
    step = f"    uses: notebook.run\n    notebook: data/book.ipynb\n    results: [{name}]\n"
    assert f"results: {name} is what the" in _run(place, step, check=1)[1]
