"""What a check of a knowledge base is, and what it looks at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from simdiag.analysis.program import Program, direct_reads, prepare, relevance_rules
from simdiag.authoring.places import translation_places
from simdiag.authoring.texts import english_places
from simdiag.errors import Problem
from simdiag.loading.scenarios import Scenario
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.rules import Rule
from simdiag.spans import Span

# Where, what, and what to do about it.
Violation: TypeAlias = tuple[Span, str, str]


@dataclass
class Package:
    """A knowledge base without load errors, with everything else that its folder holds.

    Attributes:
        folder: The folder of the package.
        base: The knowledge base.
        scenarios: All that could be read.
        tested: Ids of the diagnoses that have a file of scenarios beside them.
    """

    folder: Path
    base: KnowledgeBase
    scenarios: tuple[Scenario, ...] = ()
    tested: frozenset[str] = frozenset()

    @cached_property
    def program(self) -> Program:
        """The knowledge base, made ready."""
        return prepare(self.base)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, those that decide relevance included, by id."""
        return (*self.base.rules.values(), *relevance_rules(self.base).values())

    @cached_property
    def read(self) -> frozenset[tuple[str, str]]:
        """Every slot and finding that some rule reads itself."""
        return frozenset(read for rule in self.rules for read in direct_reads(rule))

    @cached_property
    def english_places(self) -> dict[str, Span]:
        """The place of what each English text belongs to."""
        return english_places(self.base)

    def translation_places(self, lang: str) -> dict[str, Span]:
        """Give the place of every translation into a language."""
        return translation_places(self.folder, lang)

    @property
    def translated(self) -> tuple[str, ...]:
        """The languages of the package besides English whose files could be read."""
        return tuple(
            lang
            for lang in self.base.languages
            if lang != "en" and (self.folder / "locale" / f"{lang}.yaml").is_file()
        )


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its function, and how much a violation weighs.

    The code that people see is the name of the function; its docstring says what is wrong, what to
    avoid and what to prefer.
    """

    run: Callable[[Package], Iterable[Violation]]
    level: str = "error"

    @property
    def code(self) -> str:
        """The stable short name."""
        return self.run.__name__.replace("_", "-")

    @property
    def manual(self) -> str:
        """What the check says about itself."""
        return inspect.getdoc(self.run) or ""

    def problems(self, package: Package) -> Iterator[Problem]:
        """Give the violations as problems."""
        for span, message, help_text in self.run(package):
            yield Problem(span, self.code, message, help_text, self.level)
