"""The measures of the house: each check is a function, and is seen to fail on a bad input."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import simdiag

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
RULES = ROOT / "rules"

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80

# Written so that this file does not hold what it looks for.
NOT_PUBLISHED = {
    "path of a machine": re.compile(r"(?<![\w.])/(work|farm|root|tmp/bash_jobs)/"),
    "host of a package index": re.compile(
        r"pypi\.org|pythonhosted\.org|--(?:extra-)?index-url|--find-link[s]"
    ),
}
LOCK_LINE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*)==[\w.!+]+(?: ; [^/@]+)? \\"
    r"|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
)


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command, keeping its two outputs together as text."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | env,
        check=False,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run_module(
    name: str, *args: str | Path, cwd: Path = ROOT, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python module as a command of the interpreter that runs the tests."""
    return run(sys.executable, "-m", name, *args, cwd=cwd, **env)


def lint_imports(cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Check the floors declared in the pyproject.toml of a folder."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return run(sys.executable, "-c", code, cwd=cwd, **env)


def published_files(root: Path) -> list[Path]:
    """Every file that a commit would hold, tracked or new, without what git ignores."""
    if shutil.which("git"):
        command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        listed = run(*command, cwd=root)
        if listed.returncode == 0:
            return [path for name in listed.stdout.split("\0") if (path := root / name).is_file()]
    made = {".venv", "build", "dist", "__pycache__"}  # an unpacked archive is not under git
    names = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [root / name for name in names if not made & set(name.parts)]


def unpublishable(text: str) -> list[str]:
    """Lines that name a machine's folder or a package index, each with the reason."""
    return [
        f"{number}: {reason}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        for reason, pattern in NOT_PUBLISHED.items()
        if pattern.search(line)
    ]


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module, inner ones included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def too_long(source: str) -> list[str]:
    """What of a module is above the measures: the file itself, or functions by name."""
    lines = len(source.splitlines())
    found = [f"file of {lines} lines"] if lines > MAX_FILE_LINES else []
    for function in functions(source):
        size = (function.end_lineno or function.lineno) - function.lineno + 1
        if size > MAX_FUNCTION_LINES:
            found.append(f"{function.name} of {size} lines")
    return found


def silent_tests(source: str) -> list[str]:
    """Test functions whose docstring is not one sentence ending in a full stop."""
    return [
        function.name
        for function in functions(source)
        if function.name.startswith("test_")
        and not re.fullmatch(r"\S[^\n]*(\n *\S[^\n]*)*\.", ast.get_docstring(function) or "")
    ]


def lonely_diagnoses(rules: Path) -> list[str]:
    """Diagnosis files without their sibling test, and tests without their diagnosis."""
    files = {path.relative_to(rules).as_posix() for path in rules.glob("*/diagnoses/**/*.yaml")}
    tests = {name for name in files if name.endswith(".test.yaml")}
    wanted = {name.removesuffix(".yaml") + ".test.yaml" for name in files - tests}
    return sorted(wanted ^ tests)


def locked_names(lock: str) -> set[str]:
    """Names of the packages of a lock.

    Raises:
        ValueError: A line is not a comment, an exact version or a hash; or a version has no hash.
    """
    names: set[str] = set()
    bare = ""
    for line in lock.splitlines():
        if line.lstrip().startswith("#"):
            continue
        match = LOCK_LINE.fullmatch(line)
        if match is None or (bare and match["name"]):
            message = f"not a locked version: {bare or line}"
            raise ValueError(message)
        bare = match["name"] or ""
        names |= {bare} - {""}
    return names


def wanted_names(project: Mapping[str, object]) -> set[str]:
    """Names of all packages that pyproject.toml asks for, groups and extras included."""
    text = repr([project.get("project"), project.get("dependency-groups")])
    return {name.lower() for name in re.findall(r"'([A-Za-z][\w.-]*)[>=]=\d", text)}


def newest_version(changelog: str) -> str:
    """The version of the first heading of the change log that is not `Unreleased`."""
    match = re.search(r"^## \[(?!Unreleased)([^\]]+)\]", changelog, re.MULTILINE)
    return match[1] if match else ""


def unpacked_rules(wheel: Path) -> dict[str, bytes]:
    """The knowledge base in a wheel: content by path below its folder."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.removeprefix("simdiag/_rules/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("simdiag/_rules/") and not name.endswith("/")
        }


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a wheel or a source archive of a folder, without network."""
    result = run_module("hatchling", "build", "-t", kind, "-d", target, cwd=source)
    assert result.returncode == 0, result.stdout
    (made,) = target.iterdir()
    return made


@pytest.fixture
def other_house(tmp_path: Path) -> Path:
    """A house of empty floors under the same contracts and settings."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("", "cli", "reporting", "authoring", "intake", "reasoning", "engines",
                    "engines/rete", "analysis", "loading", "calculation", "model"):  # fmt: skip
        folder = tmp_path / "src" / "simdiag" / package
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text('"""A floor."""\n', encoding="utf-8")
    return tmp_path


def test_floors_hold() -> None:
    """No module imports upward, in a circle, or a library that has its home elsewhere."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


def test_empty_floors_pass(other_house: Path) -> None:
    """A house in which nothing is imported keeps every contract."""
    result = lint_imports(other_house, PYTHONPATH=str(other_house / "src"))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("model/a.py", "import simdiag.loading", "a module imports from floors below it"),
        ("errors.py", "import simdiag.model", "a module imports from floors below it"),
        ("novel.py", "", "a module imports from floors below it"),
        ("cli/__init__.py", "import simdiag.cli.a.b", "no circle of imports"),
        ("model/a.py", "import babel", "the model stands on the standard library"),
        ("engines/a.py", "import experta", "experta is imported in engines/rete only"),
        ("api.py", "import click", "click and rich are imported in cli only"),
        ("reporting/a.py", "from rich import table", "click and rich are imported in cli only"),
        ("cli/a.py", "import jinja2", "jinja2 is imported in reporting only"),
        ("authoring/a.py", "import yaml", "yaml is imported in loading only"),
    ],
)
def test_broken_floor_is_found(other_house: Path, module: str, line: str, contract: str) -> None:
    """Each contract fails on an import that it forbids."""
    package = other_house / "src" / "simdiag"
    if "circle" in contract:
        (package / "cli" / "a.py").write_text("import simdiag.cli.b\n", encoding="utf-8")
        module, line = "cli/b.py", "import simdiag.cli.a"
    (package / module).write_text(line + "\n", encoding="utf-8")
    result = lint_imports(other_house, PYTHONPATH=str(other_house / "src"))
    assert result.returncode == 1
    assert re.search(rf"{contract}.*BROKEN", result.stdout), result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("engines/rete/a.py", "import experta"),
        ("cli/a.py", "import click, rich.table, simdiag.reporting"),
        ("reporting/a.py", "import jinja2, babel"),
        ("loading/a.py", "import yaml, simdiag.model"),
    ],
)
def test_library_has_its_home(other_house: Path, module: str, line: str) -> None:
    """A library may be imported in its home, and a lower floor from above."""
    (other_house / "src" / "simdiag" / module).write_text(line + "\n", encoding="utf-8")
    result = lint_imports(other_house, PYTHONPATH=str(other_house / "src"))
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "command", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join
)
def test_linters_pass(command: tuple[str, ...]) -> None:
    """The linters find nothing in the sources and the tests."""
    result = run_module(*command)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("command", "source"),
    [
        (("ruff", "check", "--no-cache"), '"""A."""\n\n\ndef f(x: int):\n    return x\n'),
        (("ruff", "format", "--check", "--no-cache"), "x  =  1\n"),
        (("mypy", "--cache-dir=cache"), "def f(x):  # no types\n    return x\n"),
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_linters_can_fail(other_house: Path, command: tuple[str, ...], source: str) -> None:
    """Under our settings each linter finds a defect made for it."""
    (other_house / "src" / "simdiag" / "model" / "a.py").write_text(source, encoding="utf-8")
    (other_house / "tests").mkdir()
    (other_house / "tests" / "test_a.py").touch()
    result = run_module(*command, cwd=other_house)
    assert result.returncode == 1
    assert "a.py" in result.stdout


def test_sizes_hold() -> None:
    """No source file is above 600 lines, no function above 80."""
    found = {
        str(path.relative_to(ROOT)): long
        for path in sorted(SRC.rglob("*.py"))
        if (long := too_long(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_too_long_is_found() -> None:
    """A file of 601 lines and a method of 81 are found, of 600 and 80 are not."""
    function = "def f():\n" + "    x = 1\n" * 79
    assert too_long("x = 1\n" * 600) == too_long(function) == []
    assert too_long("x = 1\n" * 601) == ["file of 601 lines"]
    assert too_long(function + "    x = 1\n") == ["f of 81 lines"]
    assert too_long("class C:\n  def f():\n" + "    x = 1\n" * 80) == ["f of 81 lines"]


def test_every_test_says_what_must_hold() -> None:
    """Every test function has a docstring of one sentence."""
    found = {
        str(path.relative_to(ROOT)): silent
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if (silent := silent_tests(path.read_text(encoding="utf-8")))
    }
    assert not found


@pytest.mark.parametrize("docstring", ["", '""" """', '"""No full stop"""', '"""A.\n\n    B."""'])
def test_silent_test_is_found(docstring: str) -> None:
    """A test without a docstring, or with another thing than a sentence, is found."""
    assert silent_tests(f"def test_a():\n    {docstring}\n    assert True\n") == ["test_a"]
    assert not silent_tests('def test_a():\n    """A rule\n    fires."""\n')


def test_nothing_private_is_published() -> None:
    """No file of the repository names a folder of a machine or a package index."""
    files = published_files(ROOT)
    assert ROOT / "pyproject.toml" in files
    found = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := unpublishable(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert not found


def test_files_are_found_without_git(other_house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git, the files are those of the folder, less what make has made."""
    monkeypatch.setenv("PATH", "")
    (other_house / ".venv").mkdir()
    (other_house / ".venv" / "pyvenv.cfg").touch()
    files = published_files(other_house)
    assert other_house / "pyproject.toml" in files
    assert other_house / ".venv" / "pyvenv.cfg" not in files


@pytest.mark.parametrize("word", ["work", "farm", "root", "tmp/bash_jobs"])
def test_machine_path_is_found(word: str) -> None:
    """A path of a machine is found, a relative path that looks like it is not."""
    assert unpublishable(f"see\n/{word}/x")[0].startswith("2: path of a machine")
    assert not unpublishable(f"see ./{word}/x and home/{word}/x")


@pytest.mark.parametrize(
    "text", ["https://py" + "pi.org/simple", "--ind" + "ex-url x", "--find" + "-links x"]
)
def test_package_index_is_found(text: str) -> None:
    """The host of a package index, or an option that would name one, is found."""
    assert unpublishable(text)[0].startswith("1: host of a package index")


def test_every_diagnosis_has_its_test() -> None:
    """Every diagnosis of the knowledge base has a sibling test, and the reverse."""
    assert list(RULES.glob("*/diagnoses/**/*.test.yaml"))
    assert not lonely_diagnoses(RULES)


def test_lonely_diagnosis_is_found(tmp_path: Path) -> None:
    """A diagnosis without a test and a test without a diagnosis are found, at any depth."""
    folder = tmp_path / "p" / "diagnoses" / "deep"
    folder.mkdir(parents=True)
    for name in ("a.yaml", "a.test.yaml", "b.yaml", "c.test.yaml"):
        (folder / name).touch()
    names = ["p/diagnoses/deep/b.test.yaml", "p/diagnoses/deep/c.test.yaml"]
    assert lonely_diagnoses(tmp_path) == names


def test_lock_is_complete() -> None:
    """The lock holds exact versions with hashes only, of all packages asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = wanted_names(project)
    assert {"experta", "pyyaml", "pytest", "hatchling"} <= wanted
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert wanted - locked_names(lock) == set()


@pytest.mark.parametrize(
    "line", ["--index x", "a>=1", "a @ file:///a", "a==1", "a==1 \\\nb==1 \\", "http://a/b"]
)
def test_loose_lock_is_found(line: str) -> None:
    """A line without an exact version and a hash, or with an address, is refused."""
    digest = "    --hash=sha256:" + "0" * 64
    assert locked_names(f"# x\na==1 ; python_version < '4' \\\n{digest} \\\n{digest}") == {"a"}
    with pytest.raises(ValueError, match="not a locked version"):
        locked_names(f"{line}\n{digest}")


def test_version_is_in_the_change_log() -> None:
    """The version of the package is the newest of the change log, or work is unreleased."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert newest_version(changelog) == simdiag.__version__ or "\n## [Unreleased]\n" in changelog


def test_newest_version_is_read() -> None:
    """The newest version is the first heading that names one."""
    assert newest_version("## [Unreleased]\n\n## [0.2.0] - 2030-01-01\n\n## [0.1.0]\n") == "0.2.0"
    assert newest_version("# Changelog\n\n## [Unreleased]\n") == ""


def test_knowledge_travels(tmp_path: Path) -> None:
    """The wheel, also one built from the source archive, holds every file of the rules."""
    rules = {
        path.relative_to(RULES).as_posix(): path.read_bytes()
        for path in RULES.rglob("*")
        if path.is_file()
    }
    assert rules
    assert unpacked_rules(build("wheel", ROOT, tmp_path / "wheel")) == rules
    with tarfile.open(build("sdist", ROOT, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / f"simdiag-{simdiag.__version__}"
    assert unpacked_rules(build("wheel", source, tmp_path / "wheel2")) == rules
    shutil.rmtree(source / "rules")
    assert unpacked_rules(build("wheel", source, tmp_path / "wheel3")) == {}
