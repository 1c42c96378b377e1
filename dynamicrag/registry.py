"""Names to objects, for everything that a policy can name.

A family (routers, retrievers, prompts, verifiers, ...) is one package with one file an
implementation, and one ``Registry``. Adding an implementation is adding a file::

    ROUTERS = Registry[Router]("router", __name__)

    @ROUTERS.register("fixed")
    class Fixed(Router): ...

    ROUTERS.build({"fixed": {"option": "short"}}, where="stages.context.router")

Parameters are the keyword arguments of the class, checked against their annotations.
"""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar, get_type_hints

from dynamicrag.errors import PolicyError, unknown

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
        what: The family's word in error messages, such as ``router``.
        package: Package whose modules hold the implementations; imported at the first look-up.
    """

    def __init__(self, what: str, package: str) -> None:
        self.what = what
        self._package = package
        self._classes: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[C], C]:
        """Return a class decorator that registers under ``name``, which becomes ``cls.registered``."""

        def add(cls: C) -> C:
            if name in self._classes:
                raise ValueError(f"{self.what} {name!r} is registered twice")
            self._classes[name] = cls
            cls.registered = name  # type: ignore[attr-defined]
            return cls

        return add

    def discover(self) -> None:
        """Import every module of the family's package once."""
        if not self._discovered:
            package = import_module(self._package)
            for module in iter_modules(package.__path__):
                import_module(f"{self._package}.{module.name}")
            self._discovered = True

    def __iter__(self) -> Iterator[str]:
        self.discover()
        return iter(sorted(self._classes))

    def __getitem__(self, name: str) -> type[T]:
        self.discover()
        return self._classes[name]

    def __contains__(self, name: object) -> bool:
        self.discover()
        return name in self._classes

    def build(self, spec: object, where: str) -> T:
        """Build the object that ``spec`` names.

        Args:
            spec: ``name`` or ``{name: {param: value}}``.
            where: Place in the user's input, for messages.

        Raises:
            PolicyError: Unknown name or parameter, missing parameter, or a value of the wrong type.
        """
        name, params = parse_spec(spec, where)
        if name not in self:
            raise PolicyError(unknown(where, self.what, name, self))
        cls = self._classes[name]
        place = f"{where}.{name}"
        values = checked(cls, params, place)
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

    signature = inspect.signature(cls)
    hints = get_type_hints(cls.__init__)  # type: ignore[misc]  # a class, not an instance
    values: dict[str, Any] = {}
    for key, value in params.items():
        if key not in signature.parameters:
            raise PolicyError(unknown(where, "parameter", key, signature.parameters))
        try:
            values[key] = TypeAdapter(hints.get(key, Any)).validate_python(value)
        except ValidationError as error:
            raise PolicyError(f"{where}.{key}: {error.errors()[0]['msg']}, got {value!r}") from None
    for key, parameter in signature.parameters.items():
        if parameter.default is parameter.empty and key not in values:
            raise PolicyError(f"{where}: parameter {key!r} is missing")
    return values
