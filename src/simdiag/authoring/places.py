"""Places: which package a path stands for, and where in its files something is written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simdiag.errors import Problems, UsageError
from simdiag.loading.package import shipped_package
from simdiag.loading.scenarios import scenario_files
from simdiag.loading.tree import Mapping, Node, Scalar, Sequence, decode, parse_yaml
from simdiag.spans import Span

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
        UsageError: A path does not exist, they lie in different packages, or there is no test.
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


# The model keeps no places of what a check seldom speaks of; they are looked up when one does.


def translation_places(folder: Path, lang: str) -> dict[str, Span]:
    """Give the place of every translation in ``locale/<lang>.yaml`` by its key."""
    return _words(_below(folder / "locale" / f"{lang}.yaml", "texts"))


def source_places(folder: Path) -> dict[str, Span]:
    """Give the place of every source of a package by its key."""
    found: dict[str, Span] = {}
    for path in sorted(folder.joinpath("data").rglob("*.y*ml")):
        found.update(_words(_below(path, "sources")))
    return found


def question_places(folder: Path) -> dict[str, Span]:
    """Give the place of every slot in ``question_order``; the last of those that stand twice."""
    return _words(_below(folder / _MANIFEST, "question_order"))


def _below(path: Path, key: str) -> Node | None:
    """Give what stands at a key of a file that was loaded without errors before."""
    quiet = Problems()
    text = decode(path.read_bytes(), str(path), quiet) if path.is_file() else None
    documents = () if text is None else parse_yaml(text, str(path), quiet)
    root = documents[0] if documents else None
    return root.get(key) if isinstance(root, Mapping) else None


def _words(node: Node | None) -> dict[str, Span]:
    """Give the places of the keys of a mapping, or of the words of a list."""
    if isinstance(node, Mapping):
        return {key.text: key.span for key, _ in node.pairs}
    items = node.items if isinstance(node, Sequence) else ()
    return {item.text: item.span for item in items if isinstance(item, Scalar)}
