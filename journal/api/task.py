"""Tasks: typed functions that turn parameters and input files into reports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from journal.api.context import Context
from journal.api.report import Report
from journal.api.roles import Role, RoleTree, marks_of, role_of
from journal.errors import TaskError, nearest, one_line

File = Annotated[Path, Role("file")]
"""A file or folder read by the task, relative to the workspace."""
Files = Annotated[list[Path], Role("files")]
"""Files read by the task, never empty: a path, a list, or a glob, whose files come sorted."""
Sheet = Annotated[list[dict[str, str]], Role("sheet")]
"""Rows of a sheet, a CSV file beside the entry that its author may edit: those that the author touched.

The parameter's name is the sheet's. The task writes the sheet that it proposes as ``ctx.out / NAME.csv``.
"""
ModelName = Annotated[str, Role("model")]
"""A model's short name or source; ``ctx.model(name)`` fetches it."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a task, as declared by its function."""

    name: str
    hint: Any
    required: bool
    default: Any
    help: str
    role: RoleTree
    examples: tuple[Any, ...] = ()
    """Values that it could have, of ``Field(examples=[...])``; the first one stands in the step that is shown."""


@dataclass(frozen=True)
class Task:
    """A named function and its requirements; calling it calls the function."""

    name: str
    function: Callable[..., Report]
    libraries: tuple[str, ...] = ()
    """Distributions whose versions are recorded with the result."""
    version: int | None = None
    """Raised by the task's author when its results change; None counts the code itself, or the package's version."""
    resources: Mapping[str, float] = field(default_factory=dict)
    runs_programs: bool = False
    """Whether its parameters name programs, which run in trusted workspaces alone."""
    _validators: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Report:
        return self.function(*args, **kwargs)

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n")[0]

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name, without the context. Raises ``TypeError`` where one can't be passed by name."""
        hints = get_type_hints(self.function, include_extras=True)
        signature = inspect.signature(self.function).parameters.values()
        return {p.name: _parameter(p, hints.get(p.name)) for p in signature if hints.get(p.name) is not Context}

    @cached_property
    def context_name(self) -> str | None:
        """The name of the parameter that takes the context, or None."""
        hints = get_type_hints(self.function)
        return next((name for name, hint in hints.items() if hint is Context), None)

    def validate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values as the declared types, with defaults. Raises ``ParameterError`` where one is wrong."""
        self.check_names(values)
        defaults = {p.name: p.default for p in self.parameters.values() if not p.required}
        return {**defaults, **self.validate_some(values)}

    def validate_some(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return some of the values as the declared types. Raises ``ParameterError`` where one is wrong."""
        from pydantic import ValidationError

        checked: dict[str, Any] = {}
        for name, value in values.items():
            try:
                checked[name] = self._validator(name).validate_python(value)
            except ValidationError as error:
                raise _explain(self, name, error.errors()[0]) from error
            except Exception as error:  # the type, or a validator of it, may be a stranger's
                cause = one_line(str(error).split("\n")[0])
                message = f"parameter '{name}' of '{self.name}' has a type that can't be checked: {cause}"
                raise ParameterError(name, message) from error
        return checked

    def _validator(self, name: str) -> Any:
        if name not in self._validators:
            self._validators[name] = _make_validator(self.parameters[name].hint)
        return self._validators[name]

    def check_names(self, values: Mapping[str, Any]) -> None:
        """Raise ``ParameterError`` where a name isn't a parameter, or a required one is missing."""
        for error in self.wrong_names(values):
            raise error

    def wrong_names(self, values: Mapping[str, Any]) -> Iterator[ParameterError]:
        """Yield an error for each name that isn't a parameter, and for each required one that is missing."""
        meant = ""
        for name in values:
            if name not in self.parameters:
                known = nearest(name, list(self.parameters))
                meant += known
                yield ParameterError(name, f"task '{self.name}' has no parameter '{name}'{known}")
        for parameter in self.parameters.values():
            if parameter.required and parameter.name not in values and f"'{parameter.name}'" not in meant:
                message = f"task '{self.name}' needs the parameter '{parameter.name}'"
                yield ParameterError(None, f"{message} ({parameter.help})" if parameter.help else message)


class ParameterError(TaskError):
    """A parameter's name or value is wrong; ``parameter`` is None if one is missing."""

    def __init__(self, parameter: str | None, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def task(
    name: str,
    *,
    libraries: Iterable[str] = (),
    version: int | None = None,
    resources: Mapping[str, float] | None = None,
    runs_programs: bool = False,
) -> Callable[[Callable[..., Report]], Task]:
    """Declare a function as a task; the versions of ``libraries``, which are distributions, are recorded.

    Where a ``version`` is given, the result depends on that number rather than on the code: raise it when the same
    parameters and files give other results. A task that ``runs_programs`` which its parameters name is as a plugin: it
    runs in trusted workspaces alone.

    The decorator registers nothing: an entry point or a plugin file does that.
    """

    def make(function: Callable[..., Report]) -> Task:
        return Task(name, function, tuple(libraries), version, dict(resources or {}), runs_programs)

    return make


def _make_validator(hint: Any) -> Any:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # models and dataclasses bring their own settings
        return TypeAdapter(hint)


def _parameter(declared: inspect.Parameter, hint: Any) -> Parameter:
    if declared.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
        raise TypeError(f"parameter '{declared}' can't be passed by name; declare it as a named parameter")
    if hint is None:
        raise TypeError(f"parameter '{declared.name}' has no type; write '{declared.name}: int' or another type")
    if type(declared.default).__name__ == "FieldInfo":
        raise TypeError(f"parameter '{declared.name}': write Annotated[TYPE, Field(...)] = DEFAULT")
    role = role_of(hint)
    marks = marks_of(hint)
    help_text = next((mark.description for mark in marks if getattr(mark, "description", None)), "")
    examples = next((tuple(mark.examples) for mark in marks if getattr(mark, "examples", None)), ())
    required = declared.default is inspect.Parameter.empty
    if role in ("file", "files") and not required and declared.default is not None:
        raise TypeError(f"parameter '{declared.name}': a file's default must be None; let the entry name the file")
    return Parameter(declared.name, hint, required, None if required else declared.default, help_text, role, examples)


_BRANCH = re.compile(r"(list|literal|dict|tuple)\[|constrained-")
"""Type names that pydantic adds to the location of an error in a union, which nobody typed."""


def _explain(task: Task, name: str, error: Mapping[str, Any]) -> ParameterError:
    place = "".join(f"[{part}]" for part in error["loc"] if not _BRANCH.match(str(part)))
    message = one_line(str(error["msg"]))
    mend = (
        "; put it in quotes" if error["type"] == "string_type" and not isinstance(error["input"], list | dict) else ""
    )
    what = f"parameter '{name}{place}' of '{task.name}' is {brief(repr(error['input']))}"
    return ParameterError(name, f"{what}: {message[:1].lower()}{message[1:]}{mend}")


def brief(text: str, longest: int = 80) -> str:
    """Return a text, shortened if it is too long for a message."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
