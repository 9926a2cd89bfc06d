"""The library for questions about one case: how, why not, and what if."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simdiag.api import Simdiag, explanation_text
from simdiag.engines.reference import ReferenceEngine
from simdiag.i18n import Messages
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case
from simdiag.reasoning.assess import assess
from simdiag.reasoning.changes import ChangeReader
from simdiag.reasoning.explanation import explain
from simdiag.reasoning.whatif import difference
from simdiag.reasoning.whynot import why_not
from simdiag.reporting.differences import change_text, difference_text, open_text

_COSTS: Final = ("at_hand", "look_up", "dig_out", "call")


def explain_how(
    diag: Simdiag, case: Case, name: str = "", lang: str = "en", *, reveal: bool = False
) -> dict[str, Any]:
    """Explain a conclusion about one case, and say what else could change it.

    Returns:
        What :func:`simdiag.api.explain_case` gives, and ``open``: what is not known and matters for
        this conclusion, as in ``missing`` of results, what is least work to find out first.

    Raises:
        UsageError: There is nothing of that name.
    """
    found = diag.assess(case)
    writer = diag.serialiser(lang, reveal=reveal)
    tree = explain(diag.program, found, writer, name)
    missing = writer.assessment(found, justifications=False)["missing"]
    open_ = [each for each in missing if tree["id"] in each["matters_for"]]
    return {
        **writer.heading(found),
        "explanation": tree,
        "open": sorted(open_, key=lambda each: _work(diag, str(each["slot"]))),
    }


def _work(diag: Simdiag, name: str) -> int:
    """Give how much work it is to find out a slot; what nobody is asked comes last."""
    template, _, slot = name.partition(".")
    known = diag.base.templates[template].slots.get(slot)
    if known is None or known.question is None:
        return len(_COSTS)
    return _COSTS.index(known.question.cost)


def explain_why_not(
    diag: Simdiag,
    case: Case,
    name: str,
    about: str = "",
    lang: str = "en",
    *,
    reveal: bool = False,
) -> dict[str, Any]:
    """Say what the rules of a diagnosis lack, and which smallest change of facts would supply it.

    Args:
        diag: The knowledge base; the answer does not depend on its engine.
        case: The facts.
        name: Id of the diagnosis.
        about: The fact that is meant, by its number from 1 or by a key value; any if empty.
        lang: Language of the texts.
        reveal: Whether numbers of people are written in full.

    Returns:
        ``case``, ``as_of``, ``lang``, ``knowledge`` as in results; ``explanation``, a tree;
        ``change`` with ``state``, ``changes`` and ``searched``.

    Raises:
        UsageError: There is no such diagnosis or fact.
    """
    engine = ReferenceEngine(diag.program)

    def run(each: Case) -> Assessment:
        return assess(diag.program, each, engine.infer(each))

    writer = diag.serialiser(lang, reveal=reveal)
    return why_not(writer, diag.reader(), run, case, name, about)


def explain_what_if(
    diag: Simdiag,
    case: Case,
    changes: Sequence[str],
    lang: str = "en",
    *,
    reveal: bool = False,
) -> dict[str, Any]:
    """Say which difference changes of the facts would make.

    Args:
        diag: The knowledge base and engine.
        case: The facts.
        changes: Each as :meth:`simdiag.reasoning.changes.ChangeReader.changed` reads it.
        lang: Language of the texts.
        reveal: Whether numbers of people are written in full.

    Returns:
        ``case``, ``as_of``, ``lang``, ``knowledge`` as in results, and ``difference``.

    Raises:
        UsageError: A change cannot be read.
    """
    changed = ChangeReader(case, diag.reader()).changed(changes)
    writer = diag.serialiser(lang, reveal=reveal)
    results = [
        writer.assessment(diag.assess(each), justifications=False) for each in (case, changed)
    ]
    heading = {name: results[0][name] for name in ("case", "as_of", "lang", "knowledge")}
    return {**heading, "difference": difference(*results)}


def answer_text(diag: Simdiag, found: dict[str, Any]) -> str:
    """Write any explanation as text in its language: of how, why not or what if."""
    messages = Messages(str(found["lang"]))
    if "difference" in found:
        return difference_text(found["difference"], diag.base, messages)
    tree = explanation_text(diag, found)
    if "change" not in found:
        rest = open_text(found["open"], diag.base, messages) if found.get("open") else ""
        return f"{tree}\n\n{rest}" if rest else tree
    return f"{tree}\n\n{change_text(found['change'], diag.base, messages)}"
