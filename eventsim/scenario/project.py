"""
Where a scenario's files are: its project folder, the paths in it, and the scenarios on board.

The project folder is the nearest folder above the scenario with a ``pyproject.toml``, a
``template.yaml`` or a ``.git``, else the scenario's own folder. Nothing outside it is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from eventsim.errors import Fault, ScenarioError
from eventsim.registry import ROOT, near
from eventsim.rules.limits import UNZIPPED_BYTES_MAX

PACKAGE_FILES_MAX = 100_000
WORD_MIN = 4
MARKERS = ("pyproject.toml", "template.yaml", "template.yml", ".git")
COURSE = ROOT / "_course"  # what a wheel carries; a checkout has the same folders at its root


def project_folder(folder: Path) -> Path:
    """The folder whose files a scenario in *folder* may name, symbolic links resolved."""
    folder = folder.resolve()
    course = COURSE.resolve()
    if folder.is_relative_to(course):
        return course
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in MARKERS):
            return candidate
    return folder


def inside(text: str, folder: Path, project: Path) -> Path:
    """The path that *text* means in *folder*. Raises ValueError when it leaves *project*."""
    try:
        path = (folder / text).resolve()
    except (OSError, RuntimeError) as error:
        raise ValueError(f"cannot be followed: {error}") from None
    if not path.is_relative_to(project):
        raise ValueError(
            f"leads out of the project folder '{project.name}', "
            "the nearest one with a pyproject.toml, a template.yaml or a .git"
        )
    return path


def package_bytes(folder: Path) -> int:
    """About how large the package of this folder is, unzipped: hidden files are left out.

    It is not looked into further once it is over Lambda's limit, or has very many files.
    """
    size, left = 0, PACKAGE_FILES_MAX
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        for name in files:
            with suppress(OSError):  # gone meanwhile, or a link that leads nowhere
                size += Path(parent, name).stat().st_size
        left -= len(files)
        if size > UNZIPPED_BYTES_MAX or left < 0:
            break
    return size


def find(name: str | Path) -> Path:
    """The scenario file that *name* means: a path, or a scenario on board by file name, stem
    or number (``nyc-flights``, ``04-bisect``, ``bisect``, ``04``). Raises ScenarioError.
    """
    path = Path(name)
    return path if _exists(path) else find_aboard(str(name))


def find_aboard(name: str) -> Path:
    """The scenario on board of that file name, stem or number. Raises ScenarioError."""
    found = aboard()
    for path in found:
        if name in (path.name, path.stem, title(path)) or number(path) == _number(name):
            return path
    close = meant_among(name, found)
    hint = f"did you mean '{close}'?" if close else "write the path of a YAML file"
    message = f"no such file, and no scenario of that name comes with eventsim; {hint}"
    raise ScenarioError([Fault(name, 0, 0, message)])


def meant_among(name: str, found: Sequence[Path]) -> str | None:
    """The scenario that was probably meant: a near name, or else one that shares a word."""
    close = near(name, [each for path in found for each in (path.stem, title(path))])
    words = {word for word in name.lower().split("-") if len(word) >= WORD_MIN}
    alike = (path.stem for path in found if words & {*path.stem.split("-")})
    return close or next(alike, None)


def title(path: Path) -> str:
    """The name of a scenario's file without its number: ``bisect`` for ``05-bisect.yaml``."""
    return re.sub(r"\A\d+-", "", path.stem)


def number(path: Path) -> int:
    """The number of a scenario of the course, 0 for one that is not part of it."""
    found = re.match(r"(\d+)-", path.stem)
    return int(found[1]) if found else 0


def aboard() -> list[Path]:
    """The scenario files of an installed eventsim, or those of its checkout, by name."""
    for folder in (COURSE / "scenarios", ROOT.parent / "scenarios"):
        if folder.is_dir():
            return sorted(folder.glob("*.yaml"))
    return []


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a name, or not to be looked at
        return False


def _number(name: str) -> int | None:
    return int(name) if re.fullmatch(r"[0-9]{1,4}", name) and int(name) else None
