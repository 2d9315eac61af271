"""Deployment packages on disk: one folder for one file, for as long as somebody needs it."""

from __future__ import annotations

from pathlib import Path

from eventsim.lambda_api.packages import KEPT_SECONDS, Packages
from tests.server_process import zipped

ONE, TWO = zipped(app__py="1"), zipped(app__py="22")


def folders(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir()}


def test_the_same_file_is_unpacked_once(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    first, again = packages.unpack(ONE, 0.0), packages.unpack(ONE, 1.0)
    assert first == again
    assert (first.size, first.unzipped) == (len(ONE), 1)
    assert Path(first.folder, "app.py").read_text() == "1"
    assert folders(tmp_path) == {Path(first.folder).name}
    assert packages.zipped(Path(first.folder).name) == ONE
    assert packages.zipped("../etc") is None


def test_a_package_stays_while_used_and_a_while_longer(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    one = packages.unpack(ONE, 0.0)
    packages.use(one)
    packages.unpack(TWO, KEPT_SECONDS)
    assert Path(one.folder).exists()
    packages.leave(one, KEPT_SECONDS)
    packages.unpack(TWO, 2 * KEPT_SECONDS - 1)
    assert Path(one.folder).exists()
    packages.unpack(TWO, 2 * KEPT_SECONDS)
    assert not Path(one.folder).exists()
    assert len(folders(tmp_path)) == 1


def test_a_package_that_is_wanted_again_is_not_swept_away(tmp_path: Path) -> None:
    packages = Packages(tmp_path)
    packages.unpack(ONE, 0.0)
    again = packages.unpack(ONE, 2 * KEPT_SECONDS)
    assert Path(again.folder, "app.py").exists()
