"""Servers in journal.yml: what is read, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from journal.errors import EntryError
from journal.text.servers import Price, Server
from journal.text.workspace import read_workspace


def read(tmp_path: Path, servers: str) -> dict[str, Server]:
    (tmp_path / "journal.yml").write_text(f"name: A journal\nservers:\n{servers}")
    return dict(read_workspace(tmp_path).servers)


def test_a_server_is_read_with_its_settings(tmp_path: Path) -> None:
    lines = [
        '  mine: {url: "http://127.0.0.1:8000/v1/", key: $MINE_KEY, concurrency: 8, retries: 0, timeout: 2 min,',
        "         price: {input: 0.15, output: 0.6}}",
        "  near: {url: 'https://example.org/v1'}",
    ]
    found = read(tmp_path, "\n".join(lines) + "\n")
    assert found["mine"] == Server("mine", "http://127.0.0.1:8000/v1", "MINE_KEY", 8, 0, 120.0, Price(0.15, 0.6, "USD"))
    assert found["near"] == Server("near", "https://example.org/v1")


def test_a_server_with_a_key_is_trusted_only_where_the_workspace_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_TRUST", "0")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = read(tmp_path, "  a: {url: 'http://a/v1', key: $A_KEY}\n  b: {url: 'http://b/v1'}\n")
    assert [found[name].is_trusted for name in "ab"] == [False, True]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  hf: {url: 'http://a/v1'}", "journal.yml:3: server 'hf' can't be a server's name"),
        ("  My: {url: 'http://a/v1'}", "journal.yml:3: server 'My' can't be a server's name"),
        ("  a: http://a/v1", "journal.yml:3: server 'a' needs an address; write {url:"),
        ("  a: {key: $A_KEY}", "journal.yml:3: server 'a' needs its address as url:"),
        ("  a: {url: 'file:///etc'}", "journal.yml:3: server 'a' needs its address as url:"),
        ("  a: {url: 'http://a:99999/v1'}", "journal.yml:3: server 'a' needs its address as url:"),
        ("  a: {url: 'http://me:s3cret99@a/v1'}", "journal.yml:3: server 'a' has a user, a query or a mark"),
        ("  a: {url: 'http://a/v1?key=s3cret99'}", "journal.yml:3: server 'a' has a user, a query or a mark"),
        ("  a: {url: 'http://a/v1', key: s3cret99}", "journal.yml:3: server 'a' takes its key from a variable only"),
        ("  a: {url: 'http://a/v1', key: $MINE}", "journal.yml:3: server 'a' has its key in $MINE: a key is known"),
        (
            "  a:\n    url: 'http://a/v1'\n    keys: $A_KEY",
            "journal.yml:5: unknown setting 'keys'; did you mean 'key'?",
        ),
        ("  a: {url: 'http://a/v1', concurrency: 0}", "journal.yml:3: server 'a' has concurrency: 0; write a whole"),
        ("  a: {url: 'http://a/v1', retries: -1}", "journal.yml:3: server 'a' has retries: -1; write a whole"),
        ("  a: {url: 'http://a/v1', retries: yes}", "journal.yml:3: server 'a' has retries: 'yes'; write a whole"),
        ("  a: {url: 'http://a/v1', timeout: soon}", "journal.yml:3: server 'a' has timeout: 'soon'; write how long"),
        ("  a: {url: 'http://a/v1', timeout: 0}", "journal.yml:3: server 'a' has timeout: 0; write how long"),
        ("  a: {url: 'http://a/v1', price: 3}", "journal.yml:3: server 'a' has price: 3; write what a million"),
        ("  a: {url: 'http://a/v1', price: {input: -3}}", "journal.yml:3: server 'a' has a price of -3; write what"),
        ("  a: {url: 'http://a/v1', price: {in: 3}}", "journal.yml:3: unknown setting 'in'"),
        ("  - a", "journal.yml:2: 'servers' must hold"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(EntryError) as caught:
        read(tmp_path, f"{line}\n")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert "s3cret99" not in str(caught.value)
