"""Whether the weights that were read are those of the network: the libraries fill what is missing at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journal import TaskError

_COMPUTED = ("position_ids", "num_batches_tracked", "rotary_emb.inv_freq", "masked_bias")
"""Tensors of older folders that networks work out for themselves now."""
_NAMED = 3


def check_weights(shown: str, told: Any) -> None:
    """Raise ``TaskError`` where weights are not those of a network; ``told`` is transformers' or diffusers' account."""
    wrong = [
        f"{what}: {_some(names)}"
        for what, names in (
            ("missing", _names(told, "missing_keys")),
            ("not part of the network", _names(told, "unexpected_keys")),
            ("of another shape", _names(told, "mismatched_keys")),
        )
        if names
    ]
    if wrong:
        raise TaskError(f"the weights of {shown} are not whole: {'; '.join(wrong)}; fetch or save the model again")


def _names(told: Any, what: str) -> list[str]:
    found: Iterable[Any] = told.get(what, ()) if isinstance(told, Mapping) else getattr(told, what, ())
    names = [str(one if isinstance(one, str) else next(iter(one))) for one in found]
    return sorted(name for name in names if not name.endswith(_COMPUTED))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
