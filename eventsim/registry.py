"""
Plug-ins by name: the folder is the registry.

``names("sources")`` lists the files of ``eventsim/sources/`` without importing one;
``load("sources", "kinesis")`` imports that one file. A dotted name (``mypackage.my_source``)
imports from outside the package, so that nobody has to fork it to add a thing. Names that
begin with ``_`` are private parts of a folder and are never listed.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from eventsim.errors import UnknownPlugin

ROOT = Path(__file__).parent


def names(folder: str) -> list[str]:
    """The plug-ins of *folder* (``"sources"``, ``"steps"``, …), sorted; imports nothing."""
    return list(_files(ROOT / folder))


def load(folder: str, name: str, wants: Iterable[str] = ()) -> ModuleType:
    """The module of one plug-in, imported now, with every attribute it is wanted for.

    Raises UnknownPlugin, with a different text for each way to be wrong: no such name, no
    such module, a module that fails to import, an attribute that is missing.
    """
    module = _from_outside(folder, name) if "." in name else _of_ours(folder, name)
    missing = [attribute for attribute in wants if not hasattr(module, attribute)]
    if missing:
        raise UnknownPlugin(
            folder,
            name,
            names(folder),
            f"module '{name}' has no {' and no '.join(missing)}, "
            f"which each of the {folder} must have",
        )
    return module


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that *name* was probably meant to be, upper and lower case aside."""
    lower = {candidate.lower(): candidate for candidate in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    return lower[close[0]] if close else None


@lru_cache(maxsize=64)  # a scenario asks a hundred times
def _files(folder: Path) -> tuple[str, ...]:
    found = pkgutil.iter_modules([str(folder)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def _of_ours(folder: str, name: str) -> ModuleType:
    known = names(folder)
    if name not in known:
        meant = near(name, known)
        hint = f"; did you mean '{meant}'?" if meant else ""
        listed = ", ".join(known) or "none"
        message = f"no {folder} called '{name}'; there are: {listed}{hint}"
        raise UnknownPlugin(folder, name, known, message)
    return importlib.import_module(f"eventsim.{folder}.{name}")


def _from_outside(folder: str, name: str) -> ModuleType:
    known = names(folder)
    if not all(part.isidentifier() for part in name.split(".")):
        message = f"'{name}' is not the name of a module; write mypackage.my_module"
        raise UnknownPlugin(folder, name, known, message)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            message = f"module '{name}' fails to import: no module named '{error.name}'"
        else:
            message = f"no module named '{error.name}', wanted for '{name}'; is it installed?"
        raise UnknownPlugin(folder, name, known, message) from error
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        message = f"module '{name}' fails to import: {type(error).__name__}: {error}"
        raise UnknownPlugin(folder, name, known, message) from error
