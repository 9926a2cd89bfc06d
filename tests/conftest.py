"""Settings of every test run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

# `house`: the same examples in every run, no deadline on shared machines.
# `search`: new examples each time and many more; HYPOTHESIS_PROFILE=search make test
settings.register_profile("house", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


# A small package without any fault; tests add the fault that they are about.
SMALL_PACKAGE = Path(__file__).parent / "packages" / "small"


@pytest.fixture
def make_package(tmp_path: Path) -> Callable[..., Path]:
    """Copy the small package with changes, and give its folder.

    What it gives takes edits, each a file with a text in it and what stands there instead, and as
    ``files`` whole files by name; one whose text is none is taken away.
    """

    def make(*edits: tuple[str, str, str], files: Mapping[str, str | None] | None = None) -> Path:
        folder = tmp_path / "small"
        shutil.copytree(SMALL_PACKAGE, folder, dirs_exist_ok=True)
        for name, text in (files or {}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text, "utf-8")
        for name, old, new in edits:
            path = folder / name
            text = path.read_text("utf-8")
            assert old in text, f"the small package has no {old!r} in {name}"
            path.write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return make
