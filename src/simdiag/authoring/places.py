"""Which package and which of its files a path on the command line stands for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simdiag.errors import UsageError
from simdiag.loading.package import shipped_package
from simdiag.loading.scenarios import scenario_files

_MANIFEST = "package.yaml"


def usual_package() -> Path:
    """Give the shipped package, by the short name that it has from the current folder."""
    folder = shipped_package()
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def package_of(path: Path) -> Path:
    """Give the package in which a file or folder lies.

    Raises:
        UsageError: If there is no such path, or it lies in no package.
    """
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    for folder in (path, *path.parents, *path.resolve().parents):
        if (folder / _MANIFEST).is_file():
            return folder
    raise UsageError(f"{path} lies in no knowledge package: no folder above it has {_MANIFEST}")


def package_and_tests(paths: Iterable[Path | str]) -> tuple[Path, tuple[Path, ...]]:
    """Give the package of some paths and the files of scenarios below them.

    Args:
        paths: Packages, folders in one, files of scenarios, or files of diagnoses, which stand for
            the tests beside them; the shipped package if there is none.

    Raises:
        UsageError: If a path does not exist, or they lie in different packages, or there is no test.
    """
    wanted = [Path(path) for path in paths] or [usual_package()]
    folders = [package_of(path) for path in wanted]
    if len({folder.resolve() for folder in folders}) > 1:
        raise UsageError("the paths lie in different packages; test one package at a time")
    known = scenario_files(folders[0])
    found = [file for file in known if any(_stands_for(path, file) for path in wanted)]
    if not found:
        raise UsageError(f"there are no scenarios below {wanted[0]}")
    return folders[0], tuple(found)


def _stands_for(path: Path, file: Path) -> bool:
    if path.is_dir():
        return file.resolve().is_relative_to(path.resolve())
    beside = path.with_name(f"{path.stem}.test{path.suffix}")
    return file.resolve() in {path.resolve(), beside.resolve()}
