"""
Deployment packages: unpacked once each, in a folder of its own, and never outside it.

Where AWS is silent: a package has at most 65,536 entries, and a link in it that leads outside is
refused like a damaged file.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eventsim.errors import InvalidParameterValue
from eventsim.rules.function_settings import package_refusal
from eventsim.rules.limits import UNZIPPED_BYTES_MAX

ENTRIES_MAX = 65_536
KEPT_SECONDS = 1_000.0  # a little longer than the longest Timeout
_CHUNK = 1_048_576
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Package:
    """A deployment package: ``sha256`` in base64 as AWS tells it, ``size`` zipped, in bytes.

    ``unzipped`` is the size of its files.
    """

    sha256: str
    size: int
    folder: str
    unzipped: int = 0


class Packages:
    """The packages of a server below *root*; one that no version uses stays a while.

    To be used from any thread.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._uses: Counter[str] = Counter()
        self._left: dict[str, float] = {}  # when a folder was last of use, in seconds
        self._lock = threading.Lock()

    def unpack(self, zipped: bytes, now: float) -> Package:
        """The package of a ZIP file; the same file is unpacked once. Takes its time.

        Raises InvalidParameterValue, with AWS's texts, for what is none, is too large, or would
        write outside its folder.
        """
        if not zipped:
            raise refused("Uploaded file must be a non-empty zip")
        _check(zipped_bytes=len(zipped))
        digest = hashlib.sha256(zipped)
        folder = self._root / digest.hexdigest()
        self._sweep(str(folder), now)
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix="new-", dir=self._root) as begun:
                code = Path(begun, "code")
                _extract(zipped, code)
                folder.with_suffix(".zip").write_bytes(zipped)
                with suppress(OSError):  # another request with the same file was faster
                    code.rename(folder)
        sha256 = base64.b64encode(digest.digest()).decode()
        return Package(sha256, len(zipped), str(folder), _unzipped(zipped))

    def use(self, package: Package) -> None:
        """One more version has this package."""
        with self._lock:
            self._uses[package.folder] += 1

    def leave(self, package: Package, now: float) -> None:
        """One less has, from *now* on, in seconds; what runs in it may go on."""
        with self._lock:
            self._uses[package.folder] -= 1
            self._left[package.folder] = now

    def _sweep(self, wanted: str, now: float) -> None:
        """Remove what no version uses and nothing can run in any more, but not what is *wanted*."""
        with self._lock:
            self._left[wanted] = now
            for folder, left in list(self._left.items()):
                if now - left < KEPT_SECONDS:
                    continue
                del self._left[folder]
                if self._uses[folder] <= 0:
                    del self._uses[folder]
                    shutil.rmtree(folder, ignore_errors=True)
                    Path(folder).with_suffix(".zip").unlink(missing_ok=True)

    def zipped(self, name: str) -> bytes | None:
        """The ZIP file of a package by its digest in hexadecimal digits, None if there is none."""
        path = self._root / f"{name}.zip"
        if not (name.isalnum() and path.is_file()):
            return None
        return path.read_bytes()


def refused(text: str) -> InvalidParameterValue:
    return InvalidParameterValue(text, Type="User")


def _check(*, zipped_bytes: int = 0, unzipped_bytes: int = 0) -> None:
    refusal = package_refusal(zipped_bytes, unzipped_bytes)
    if refusal is not None:
        raise refused(refusal.message)


def _damaged() -> InvalidParameterValue:
    return refused(
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )


def _unzipped(zipped: bytes) -> int:
    """The size of the files in what was unpacked."""
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _extract(zipped: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            entries = archive.infolist()
            if not entries:
                raise refused("Uploaded file must be a non-empty zip")
            if len(entries) > ENTRIES_MAX:
                raise _damaged()
            _check(unzipped_bytes=sum(entry.file_size for entry in entries))
            _write(archive, entries, folder)
    except _DAMAGED:
        raise _damaged() from None


def _write(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    """Files first, links after them: nothing is ever written through a link."""
    folder.mkdir(parents=True)
    left = UNZIPPED_BYTES_MAX
    links = []
    for entry in entries:
        path = folder / _inside(entry.filename)
        if entry.is_dir():
            path.mkdir(parents=True, exist_ok=True)
        elif stat.S_ISLNK(entry.external_attr >> 16):
            links.append((path, archive.read(entry)))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            left -= _copy(archive, entry, path, left)
    for path, target in links:
        _link(path, target.decode("utf-8", "strict"), folder)
    root = folder.resolve()
    if any(not path.resolve().is_relative_to(root) for path, _ in links):
        raise _damaged()


def _inside(name: str) -> PurePosixPath:
    """A path below the folder. Raises ValueError for one that leads out of it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(name)
    return path


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Write one file; its size. What an entry says of its size is not believed."""
    size = 0
    with archive.open(entry) as source, path.open("wb") as out:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                _check(unzipped_bytes=UNZIPPED_BYTES_MAX + 1)
            out.write(chunk)
    path.chmod((entry.external_attr >> 16) & 0o777 | 0o444)
    return size


def _link(path: Path, target: str, folder: Path) -> None:
    """Make a link, beside what is there already. Raises ValueError for one that cannot be."""
    if target.startswith("/") or path.parent.resolve() != path.parent or path.exists():
        raise ValueError(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(target)
