"""
The modules of a function's code folder, kept apart for each execution environment.

Modules from elsewhere are shared, as are packages with compiled parts, which a process can
load only once. Modules of the process that stand in the way of the folder's own are out of
sight meanwhile.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

_NEVER_HIDDEN = sys.stdlib_module_names | {"__main__", "eventsim"}

_compiled: dict[str, dict[str, ModuleType]] = {}  # by folder


class _Looked(NamedTuple):
    """What stood in the way of a folder, of the modules that were present; and what was left.

    ``names`` are those that the folder's own modules answered to.
    """

    names: frozenset[str]
    present: frozenset[str]
    in_the_way: list[str]
    left: frozenset[str]


_looked: dict[str, _Looked] = {}  # by folder: environments take turns, modules seldom change


class FolderModules:
    """What ``sys.modules`` holds of one code folder in one environment."""

    __slots__ = ("_before", "_entered", "_own", "folder", "hidden")

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.hidden: dict[str, ModuleType] = {}
        self._own: dict[str, ModuleType] = {}
        self._entered = False
        self._before: frozenset[str] = frozenset()

    def enter(self) -> None:
        """Put this environment's modules in, and what they would collide with aside."""
        looked = _looked.get(self.folder)
        names = looked.names if looked and self._entered else self._first_names()
        if looked is None or looked.names != names or looked.present != sys.modules.keys():
            looked = _looked[self.folder] = _look(self.folder, names)
        self._entered = True
        self.hidden = {name: sys.modules.pop(name) for name in looked.in_the_way}
        self._before = looked.left
        sys.modules.update(_compiled.get(self.folder, {}))
        sys.modules.update(self._own)

    def _first_names(self) -> frozenset[str]:
        """What the folder has now: the code may have been written a moment ago."""
        _forget_listings(self.folder)
        return frozenset(_importable(self.folder))

    def leave(self) -> None:
        """Take them out again, those included that were imported meanwhile."""
        new = sys.modules.keys() - self._before
        own = {name: sys.modules[name] for name in new if _is_of(name, self.folder)}
        for name in own:
            del sys.modules[name]
        compiled = {_top(name) for name, module in own.items() if _is_compiled(module)}
        shared = {name: module for name, module in own.items() if _top(name) in compiled}
        if shared:
            _compiled.setdefault(self.folder, {}).update(shared)
        self._own = {name: module for name, module in own.items() if name not in shared}
        sys.modules.update(self.hidden)
        self.hidden = {}


def _look(folder: str, names: frozenset[str]) -> _Looked:
    present, tops = frozenset(sys.modules), names - _NEVER_HIDDEN
    in_the_way = [name for name in sys.modules if _top(name) in tops or _is_of(name, folder)]
    return _Looked(names, present, in_the_way, present - frozenset(in_the_way))


def _forget_listings(folder: str) -> None:
    """Let imports look afresh for what is in the folder, and nowhere else."""
    inside = f"{folder}/"
    for place in [place for place in sys.path_importer_cache if f"{place}/".startswith(inside)]:
        del sys.path_importer_cache[place]


def _importable(folder: str) -> Iterator[str]:
    """The names that a module or a package in this folder answers to."""
    for entry in os.scandir(folder):
        name, dot, suffix = entry.name.partition(".")
        if (dot and suffix.endswith(("py", "so"))) or _is_package(entry):
            yield name


def _is_package(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and (Path(entry.path) / "__init__.py").exists()


def _is_of(name: str, folder: str) -> bool:
    """Whether the module of this name was loaded from the folder, and not from a venv in it."""
    if _top(name) in _NEVER_HIDDEN:
        return False
    place = _place(sys.modules[name])
    return place.startswith(f"{folder}/") and "/site-packages/" not in place[len(folder) :]


def _place(module: ModuleType) -> str:
    """Its file or folder; looked up without waking modules that load themselves lazily."""
    names = getattr(module, "__dict__", {})
    place = names.get("__file__")
    if place is None:
        place = next(iter(names.get("__path__") or ()), None)
    return place if isinstance(place, str) else ""


def _is_compiled(module: ModuleType) -> bool:
    return isinstance(getattr(module, "__loader__", None), ExtensionFileLoader)


def _top(name: str) -> str:
    return name.partition(".")[0]
