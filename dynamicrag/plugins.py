"""Modules that register implementations from outside this package.

A policy names its own, ``plugins: [my_company.routers]``; an installed package names them once for all
policies, as entry points of the group ``dynamicrag``::

    [project.entry-points.dynamicrag]
    my_company = "my_company.routers"

A plugin registers when it is imported, with the same decorators as this package.
"""

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from importlib import import_module
from importlib.metadata import entry_points

from dynamicrag.errors import DynamicRAGError, PolicyError

__all__ = ["GROUP", "if_import_fails", "load_installed", "load_plugins"]

GROUP = "dynamicrag"
"""Group of the entry points."""

_undo: ContextVar[list[Callable[[], object]] | None] = ContextVar("_undo", default=None)
"""Undoes the registrations of the plugin being imported."""

_lock = threading.RLock()
_installed = False


def load_plugins(names: Sequence[str], where: str) -> None:
    """Import the modules named in a policy; a module imported before is not imported again.

    Raises:
        PolicyError: A module is unknown, cannot be imported, or registers a name that is taken.
    """
    for position, name in enumerate(names):
        place = f"{where}[{position}]"
        if not name or not all(part.isidentifier() for part in name.split(".")):
            raise PolicyError(f"{place}: expected a module's name, such as my_company.routers, got {name!r}")
        _load(name, place, "install it, or see that its folder is on PYTHONPATH")


def load_installed() -> None:
    """Import the plugins of installed packages, once per process.

    Raises:
        PolicyError: As :func:`load_plugins`.
    """
    global _installed
    with _lock:
        if _installed:
            return
        _installed = True  # set before the imports: a plugin may use the registries that triggered them
        try:
            for point in entry_points(group=GROUP):
                package = point.dist.name if point.dist else "a package"
                _load(point.module, f"entry point {point.name!r} of {package}", f"mend or remove {package}")
        except BaseException:
            _installed = False
            raise


def if_import_fails(undo: Callable[[], object]) -> None:
    """Undo a registration if the plugin being imported fails later."""
    registered = _undo.get()
    if registered is not None:
        registered.append(undo)


def _load(module: str, where: str, mend: str) -> None:
    registered: list[Callable[[], object]] = []
    token = _undo.set(registered)
    try:
        import_module(module)
    except BaseException as error:  # a user's module may run any code, including sys.exit
        for undo in reversed(registered):
            undo()
        if isinstance(error, DynamicRAGError):
            raise PolicyError(f"{where}: {module}: {error}") from error
        if not isinstance(error, Exception | SystemExit):
            raise
        raise PolicyError(
            f"{where}: cannot import {module!r} ({type(error).__name__}: {error}); {mend}"
        ) from error
    finally:
        _undo.reset(token)
