"""Typed values that skip Typer's check because they already have the declared type.

That check imports pydantic, which takes longer than a whole run of a day that is up to date.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args, get_origin


def spare_checks(command: Any) -> Any:
    """Check the values of a command and its subcommands only where there is something to check."""
    for one in (command, *getattr(command, "commands", {}).values()):
        one.get_params = partial(_spared, one.get_params)
    return command


def _spared(get_params: Callable[[Any], list[Any]], context: Any) -> list[Any]:
    """Return a command's parameters, including ``--help``, each with ``_process`` ahead of its own check."""
    parameters = get_params(context)
    for parameter in parameters:
        if not isinstance(parameter.process_value, partial):
            parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameters


def _process(parameter: Any, check: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    missing = parameter.required and parameter.value_is_missing(value)
    if missing or not _is_of_its_type(parameter, value):
        return check(context, value)
    return parameter.callback(context, parameter, value) if parameter.callback else value


def _is_of_its_type(parameter: Any, value: Any) -> bool:
    """Return whether the value needs no check; a typed number is still text, and is checked."""
    descriptor = getattr(parameter, "type_descriptor", None)  # older Typers have none, and check without pydantic
    if descriptor is None:
        return False
    if value is None:
        return not parameter.multiple and parameter.nargs == 1
    if get_origin(descriptor.annotation) is list:
        return isinstance(value, list | tuple) and {type(one) for one in value} <= set(get_args(descriptor.annotation))
    return type(value) is descriptor.annotation
