"""Variables: which hold keys, which belong to a terminal's session, and the state of the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from journal.plan.change import UNSET
from journal.text.secrets import is_secret

SESSION = re.compile(
    "_|PATH|HOME|USER|LOGNAME|MAIL|SHELL|SHLVL|PWD|OLDPWD|HOST(NAME)?|TERM.*|COLORTERM|COLUMNS|LINES|LANG(UAGE)?|LC_.*|TZ"
    "|TMPDIR|EDITOR|VISUAL|PAGER|LESS.*|LS_COLORS|PS[1-4]|HIST.*|DISPLAY|WAYLAND.*|XDG_.*|DBUS_.*|SSH_.*|GPG_.*|WINDOWID"
    "|TMUX.*|STY|VTE_.*|KITTY.*|ITERM.*|VSCODE_.*|VIRTUAL_ENV.*|CONDA_.*|PYENV_.*|PYTHON.*|PYTEST_.*|GIT_.*|CI|NO_COLOR"
    "|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_.*|SUDO_.*|container|DEBIAN_FRONTEND"
)
"""Variables that differ from one terminal to the next."""

GIVEN = frozenset(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM", "GOMP_SPINCOUNT",
     "PYTHONHASHSEED", "CUDA_VISIBLE_DEVICES")
)  # fmt: skip
"""Variables that are given to a step by its runner."""
ALL = "*"
"""Stands for the names of all variables."""


def state_of_variable(name: str, variables: Mapping[str, str]) -> str:
    """Return a text that changes with a variable; empty for one that holds a key, which is named only."""
    if name == ALL:
        others = (one for one in variables if not (SESSION.fullmatch(one) or one in GIVEN))
        names = (one for one in others if not is_secret(one, variables[one]))
        return _digest("\n".join(sorted(names)))
    value = variables.get(name)
    if is_secret(name, value):
        return ""
    return UNSET if value is None else _digest(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
