"""A data set onto the Hugging Face hub: what changes is shown and asked for, pushed as one commit, and read back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal import JournalError, UsageError, private_in, private_words

from .data_set import ABOUT, ALL, SPLITS
from .data_set_card import verify

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD = "README.md"
HUB = "https://huggingface.co"
_KEPT_THERE = ".gitattributes"


@dataclass(frozen=True)
class Repository:
    """A data set's place on a hub."""

    name: str
    """USER/NAME"""
    endpoint: str = HUB
    is_public: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.name):
            raise UsageError(f"'{self.name}' is no data set's name on a hub; write USER/NAME")

    @property
    def address(self) -> str:
        return f"{self.endpoint.rstrip('/')}/datasets/{self.name}"


def push(folder: Path, repository: Repository, private: Sequence[str], ask: Callable[[str], None]) -> str:
    """Push a data set that was just written, and return a sentence on what is on the hub then.

    ``private`` are the words that are never published; ``ask`` is given what will change, and raises to refuse it.
    Raises UsageError where it should not or can't be pushed, and JournalError where the hub refuses.
    """
    _check(folder, private)
    with _Hub(repository) as hub:
        there = hub.files()
        ours = [path.relative_to(folder).as_posix() for path in _files(folder)]
        gone = [name for name in there or () if name not in ours and name.split("/")[0] in SPLITS]
        ask(_describe(repository, ours, there, gone))
        hub.commit(folder, ours, gone, there is None)
        missing = sorted(set(ours) - set(hub.files() or ()))
    if missing:
        raise JournalError(f"{repository.address}: {missing[0]} did not arrive; push it again")
    return f"{repository.address}: {len(ours)} files are there, {'public' if repository.is_public else 'private'}"


def _check(folder: Path, private: Sequence[str]) -> None:
    """Raise UsageError where a data set is empty, differs from its own card, or has words that stay private."""
    differences = verify(folder)
    if differences:
        raise UsageError(f"{folder}: {differences[0]}; nothing was pushed")
    if not any((folder / split).is_dir() for split in SPLITS):
        raise UsageError(f"{folder}: there is no clip in it; nothing was pushed")
    pattern = private_words(private)
    for name in (ALL, CARD):
        for number, _ in private_in((folder / name).read_text(encoding="utf-8"), pattern) if pattern else ():
            told = "there is a word that journal.yml calls private; take it out of the clip's text or columns"
            raise UsageError(f"{folder / name}:{number}: {told}; nothing was pushed")


def _files(folder: Path) -> list[Path]:
    splits = (path for split in SPLITS for path in sorted((folder / split).glob("*")))
    return [folder / CARD, folder / ALL, folder / ABOUT, *splits]


def _describe(repository: Repository, ours: Sequence[str], there: Sequence[str] | None, gone: Sequence[str]) -> str:
    new = len(set(ours) - set(there or ()))
    kind = "public" if repository.is_public else "private"
    place = f"{repository.address}, a new {kind} data set" if there is None else f"{repository.address} ({kind})"
    return f"{place}: {new} files more, {len(gone)} fewer, {len(ours)} in all"


class _Hub:
    """What is asked of a hub. Its refusals become one line each, without the token."""

    def __init__(self, repository: Repository) -> None:
        try:
            from huggingface_hub import HfApi, get_token
        except ImportError:
            raise UsageError("the hub needs huggingface_hub; pip install huggingface_hub") from None
        self.repository = repository
        self.token = get_token() or ""
        if not self.token:
            raise UsageError("there is no token of the hub; run hf auth login, or set HF_TOKEN")
        self.api: HfApi = HfApi(endpoint=repository.endpoint.rstrip("/"), token=self.token)
        self.place: dict[str, Any] = {"repo_id": repository.name, "repo_type": "dataset"}

    def __enter__(self) -> _Hub:
        from huggingface_hub import utils

        utils.disable_progress_bars()  # type: ignore[attr-defined]
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from huggingface_hub.errors import HfHubHTTPError

        network_error = HfHubHTTPError.__mro__[1]  # the HTTP client's own, which depends on the hub's version
        if error is None or isinstance(error, JournalError) or not isinstance(error, (network_error, ValueError)):
            return
        raise JournalError(f"{self.repository.address}: {self._told(error)}") from None

    def files(self) -> list[str] | None:
        """Return the names of the files that are there; None where there is no such repository yet.

        Raises UsageError where the repository is more public than asked for, or holds something else.
        """
        from huggingface_hub.errors import RepositoryNotFoundError

        with suppress(RepositoryNotFoundError):
            is_public = not self.api.repo_info(**self.place).private
            if is_public != self.repository.is_public:
                mend = "add --public if that is right" if is_public else "make it public there, or leave out --public"
                raise UsageError(f"{self.repository.address}: is {'public' if is_public else 'private'} there; {mend}")
            found = [name for name in self.api.list_repo_files(**self.place) if name != _KEPT_THERE]
            if found and ABOUT not in found:
                raise UsageError(f"{self.repository.address}: holds something else; name a new data set")
            return found
        return None

    def commit(self, folder: Path, ours: Sequence[str], gone: Sequence[str], is_new: bool) -> None:
        """Bring the repository to the folder's files in one commit."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        if is_new:
            self.api.create_repo(**self.place, private=not self.repository.is_public)
        added = [CommitOperationAdd(name, folder / name) for name in ours]
        removed = [CommitOperationDelete(name) for name in gone]
        count = sum(Path(name).suffix != ".csv" for name in ours) - 2
        self.api.create_commit(**self.place, operations=[*removed, *added], commit_message=f"{count} clips")

    def _told(self, error: BaseException) -> str:
        """Return what a hub answered, in one line; what to do where that is known."""
        code = getattr(getattr(error, "response", None), "status_code", None)
        if code in (401, 403):
            return f"the hub refuses the token ({code}); use one that may write there: hf auth login, or HF_TOKEN"
        said = str(getattr(error, "server_message", None) or error).replace(self.token, "...")
        line = next((line.strip() for line in said.splitlines() if line.strip()), type(error).__name__)
        if isinstance(error, ValueError) and not code:
            return f"can't be pushed: {line}"
        return f"the hub answered {code}: {line}" if code else f"{line}; check the address and the network"
