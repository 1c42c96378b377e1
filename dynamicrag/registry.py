"""Maps names to objects, for everything that a policy can name.

A family (routers, retrievers, prompts, verifiers, ...) is one package with one file per implementation, and
one ``Registry``. A new implementation is a new file::

    ROUTERS = Registry[Router]("router", __name__)

    @ROUTERS.register("fixed")
    class Fixed(Router): ...

    ROUTERS.build({"fixed": {"option": "short"}}, where="stages.context.router")

Parameters are the keyword arguments of the class, checked against their annotations. A parameter ``deps`` is
filled with the policy's objects; see :mod:`dynamicrag.dependencies`. Modules outside the package register in
the same way; see :mod:`dynamicrag.plugins`.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar, get_type_hints

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.plugins import if_import_fails, load_installed

INJECTED = "deps"
"""The constructor parameter that the registry fills."""

T = TypeVar("T")
C = TypeVar("C", bound=type)


def parse_spec(spec: object, where: str) -> tuple[str, dict[str, Any]]:
    """Read ``name`` or ``{name: {param: value}}``.

    Raises:
        PolicyError: The spec has neither form.
    """
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, dict) and len(spec) == 1:
        ((name, params),) = spec.items()
        if isinstance(name, str) and (params is None or isinstance(params, dict)):
            return name, dict(params or {})
    raise PolicyError(f"{where}: expected a name or {{name: {{parameter: value}}}}, got {spec!r}")


class Registry(Generic[T]):
    """The implementations of one family, found by name.

    Args:
        what: Name of the family in error messages, for example ``router``.
        package: Package whose modules hold the implementations; imported at the first lookup.
        base: Base class of all of them.
    """

    def __init__(self, what: str, package: str, base: type = object) -> None:
        self.what = what
        self._package = package
        self._base = base
        self._classes: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[C], C]:
        """Return a class decorator that registers under ``name``, which becomes ``cls.registered``.

        A class that is defined again, for example in a notebook cell, replaces the earlier one.

        Raises:
            PolicyError: Another class has the name, or the decorated object is not a class of the family.
        """

        def add(cls: C) -> C:
            if not _derives(cls, self._base):
                raise PolicyError(
                    f"{self.what} {name!r}: {getattr(cls, '__qualname__', repr(cls))} is not a subclass of "
                    f"{self._base.__name__}; derive a class from it"
                )
            other = self._classes.get(name)
            if other is not None and _home(other) != _home(cls):
                raise PolicyError(
                    f"{self.what} {name!r} is registered twice, by {_home(other)} and by {_home(cls)}; "
                    "give one of them another name"
                )
            self._classes[name] = cls
            if not cls.__module__.startswith(f"{self._package}."):  # our classes stay, in any import order
                if_import_fails(lambda: self._take_back(name, cls, other))
            cls.registered = name  # type: ignore[attr-defined]
            return cls

        return add

    def _take_back(self, name: str, cls: type, other: "type[T] | None") -> None:
        self._classes.pop(name, None)
        if other is not None:
            self._classes[name] = other
        sys.modules.pop(cls.__module__, None)  # so that it registers again when it is imported again

    def discover(self) -> None:
        """Import every module of the family's package once, and the plugins of installed packages."""
        if not self._discovered:
            package = import_module(self._package)
            for module in iter_modules(package.__path__):
                import_module(f"{self._package}.{module.name}")
            self._discovered = True
            load_installed()

    def __iter__(self) -> Iterator[str]:
        self.discover()
        return iter(sorted(self._classes))

    def __getitem__(self, name: str) -> type[T]:
        self.discover()
        return self._classes[name]

    def __contains__(self, name: object) -> bool:
        self.discover()
        return name in self._classes

    def build(self, spec: object, where: str, deps: Dependencies | None = None) -> T:
        """Build the object that ``spec`` names.

        Args:
            spec: ``name`` or ``{name: {param: value}}``.
            where: Place in the user's input, for messages.
            deps: Value of a constructor's ``deps``; none by default.

        Raises:
            PolicyError: Unknown name or parameter, missing parameter, or a value of the wrong type.
        """
        name, params = parse_spec(spec, where)
        if name not in self:
            raise PolicyError(unknown(where, self.what, name, self))
        cls = self._classes[name]
        place = f"{where}.{name}"
        values = checked(cls, params, place)
        if INJECTED in inspect.signature(cls).parameters:
            values[INJECTED] = deps or Dependencies()
        try:
            return cls(**values)
        except ValueError as error:
            raise PolicyError(f"{place}: {error}") from None


def checked(cls: type, params: dict[str, Any], where: str) -> dict[str, Any]:
    """Check ``params`` against the keyword arguments of ``cls`` and coerce them to the annotated types.

    Raises:
        PolicyError: As for :meth:`Registry.build`.
    """
    from pydantic import TypeAdapter, ValidationError

    parameters = {name: each for name, each in inspect.signature(cls).parameters.items() if name != INJECTED}
    hints = get_type_hints(cls.__init__)  # type: ignore[misc]  # a class, not an instance
    values: dict[str, Any] = {}
    for key, value in params.items():
        if key not in parameters:
            hint = getattr(cls, "parameter_hint", "")
            raise PolicyError(unknown(where, "parameter", key, parameters) + (hint and f"; {hint}"))
        try:
            values[key] = TypeAdapter(hints.get(key, Any)).validate_python(value)
        except ValidationError as error:
            raise PolicyError(f"{where}.{key}: {error.errors()[0]['msg']}, got {value!r}") from None
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and key not in values:
            raise PolicyError(f"{where}: parameter {key!r} is missing")
    return values


def parameters_schema(cls: type) -> dict[str, Any]:
    """Return the JSON Schema of the parameters of :func:`checked`.

    A type without a schema accepts anything.
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    parameters = {name: each for name, each in inspect.signature(cls).parameters.items() if name != INJECTED}
    hints = get_type_hints(cls.__init__)  # type: ignore[misc]  # a class, not an instance
    properties: dict[str, Any] = {}
    for name in parameters:
        try:
            described = TypeAdapter(hints.get(name, Any)).json_schema()
        except PydanticUserError:
            described = {}
        properties[name] = {} if "$defs" in described else described
    required = [name for name, each in parameters.items() if each.default is each.empty]
    return {"properties": properties, "required": required, "additionalProperties": False}


def _derives(given: object, base: type) -> bool:
    return isinstance(given, type) and issubclass(given, base)


def _home(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
