"""The tree of an explanation (see :mod:`simdiag.reasoning.explanation`) as indented text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from simdiag.i18n import Messages
from simdiag.model.knowledge import ESTABLISHES, EXCLUDES, KnowledgeBase
from simdiag.model.rules import Purpose
from simdiag.model.truth import FALSE, TRUE
from simdiag.reporting.wording import Json, Wording, capital
from simdiag.reporting.wrap import width_of

_STEP: Final = "  "
_GROUPS: Final = ("all", "any", "at_least")
_EQUALS: Final = {"equal", "in", "has_any"}
Facts: TypeAlias = Sequence[Json]


def tree_text(tree: Json, kb: KnowledgeBase, messages: Messages) -> str:
    """Write the tree of an explanation.

    Args:
        tree: The tree.
        kb: The knowledge base from which it was made.
        messages: The language; that of the tree.

    Returns:
        The lines, each level indented by two blanks.
    """
    return "\n".join(_TreeWriter(kb, messages, tree).node(tree, 0))


class _TreeWriter:
    def __init__(self, kb: KnowledgeBase, messages: Messages, tree: Json) -> None:
        self.kb = kb
        self.get = messages.get
        self.join = messages.join
        self.messages = messages
        self.words = Wording(kb, messages, tree)
        self.named: Facts = ()

    def node(self, node: Json, depth: int, about: Facts = ()) -> Iterator[str]:
        """Write a node and everything below it.

        Args:
            node: The node.
            depth: How far it is indented.
            about: The facts that the lines above have named, which need no name any more.
        """
        self.named = about
        lines = [f"{_STEP * depth}{line}" for line in self.WRITERS[str(node["kind"])](self, node)]
        yield from lines
        named = node.get("about") or about
        for part in self.below(node):
            yield from self.node(part, depth + bool(lines), named)

    def below(self, node: Json) -> Iterator[Json]:
        """Give the nodes below one; a finding that the line above names is not named again."""
        findings = [part for part in node["parts"] if part["kind"] == "finding"]
        for part in node["parts"]:
            if node["kind"] != "condition" or part["kind"] != "finding":
                yield part
            elif len(findings) == 1:
                yield from part["parts"]
            elif not part["again"]:
                yield part

    # Conclusions ---------------------------------------------------------------------------------

    def diagnosis(self, node: Json) -> Iterator[str]:
        """Write a diagnosis: its title and state, and what could change it."""
        state = self.get(f"state.{node['state']}")
        yield self.get("explain.diagnosis", title=node["title"], state=state)
        low, high = (self.get(f"state.{word}") for word in node["possible"])
        fixed = low == high
        still = (
            self.get("explain.fixed") if fixed else self.get("explain.range", low=low, high=high)
        )
        yield _STEP + self.get("explain.standing", score=node["score"], still=still)
        yield from self.about(node)
        if not node["parts"]:
            yield _STEP + self.get("explain.nothing")

    def action(self, node: Json) -> Iterator[str]:
        """Write an action: its title, and how it stands in the plan."""
        status = self.get(f"explain.action_{node['status']}")
        yield self.get("explain.action", title=node["title"], status=status)
        if node["firm"]:
            yield _STEP + self.get("explain.firm")
        if node["ladder"]:
            yield _STEP + str(node["ladder"])
        yield from self.about(node)

    def veto(self, node: Json) -> Iterator[str]:
        """Write a veto: its title, and whether it holds."""
        status = self.get(f"explain.veto_{node['status']}")
        yield self.get("explain.veto", title=node["title"], status=status)
        yield from self.about(node)

    def about(self, node: Json) -> Iterator[str]:
        """Write the facts that a conclusion is about."""
        if node["about"]:
            facts = self.join(self.words.facts(node["about"]))
            yield _STEP + self.get("explain.about", facts=facts)

    def required(self, node: Json) -> Iterator[str]:
        """Write the action before which another one stands."""
        yield self.get("explain.required", title=node["title"])

    def finding(self, node: Json) -> Iterator[str]:
        """Write a finding and its value."""
        value = self.words.value(str(node["id"]), node["value"], finding=True)
        title = capital(str(node["title"]) or str(node["id"]))
        line = self.get("explain.finding", title=title, value=value or self.get("explain.unknown"))
        yield self.noted(line, self.get("explain.again") if node["again"] else "")
        if not node["parts"] and not node["again"]:
            yield _STEP + self.get("explain.no_rule")

    def title(self, node: Json) -> Iterator[str]:
        """Write the heading of several trees."""
        yield capital(str(node.get("title") or node.get("text") or node["id"]))

    # Rules and conditions ------------------------------------------------------------------------

    def rule(self, node: Json) -> Iterator[str]:
        """Write a rule: its sentence, whether it holds, how much it weighs."""
        text = str(node["text"])
        if not text and node["purpose"] == Purpose.DERIVE.value:
            return  # how a finding is computed is said by the lines below it
        text = text or self.get("explain.rule_bare", id=node["id"])
        against = node["weight"] == EXCLUDES or (node["score"] or 0) < 0
        key = "rule_against" if against else "rule"
        if node["truth"] != TRUE.word:
            key = "rule_false" if node["truth"] == FALSE.word else "rule_open"
        yield self.noted(self.get(f"explain.{key}", text=text), *self.notes(node))

    def noted(self, line: str, *notes: str) -> str:
        """Add notes to a line, in brackets."""
        shown = self.get("format.semicolon").join(note for note in notes if note)
        return self.get("explain.noted", text=line, notes=shown) if shown else line

    def notes(self, node: Json) -> Iterator[str]:
        """Say how much a rule weighs and, where it is not clear yet, of which facts it speaks."""
        yield self.weight(node)
        if node["unseen"]:
            yield self.get("explain.unseen")
        elif node["about"] and node["about"] != self.named:
            yield self.join(self.words.facts(node["about"]))

    def weight(self, node: Json) -> str:
        """Say how much a rule weighs; nothing for one that does not rate."""
        if node["weight"] in {ESTABLISHES, EXCLUDES}:
            return self.get("explain.decisive")
        return "" if node["score"] is None else self.get("explain.weight", weight=node["score"])

    def unless(self, node: Json) -> Iterator[str]:
        """Write a rule to which another one gives way, and whether it holds."""
        text = str(node["text"]) or str(node["id"])
        yield f"{self.mark(node)} {self.get('explain.unless', text=text)}"

    def mark(self, node: Json) -> str:
        """Write whether something holds."""
        words = {TRUE.word: "true", FALSE.word: "false"}
        return f"[{self.get('explain.' + words.get(str(node['truth']), 'open'))}]"

    def condition(self, node: Json) -> Iterator[str]:
        """Write a condition: what was looked at and what was found."""
        form = str(node["form"])
        writer = {
            "compare": self.compare,
            "match": self.match,
            "value": self.computed,
            "aggregate": self.aggregate,
        }.get(form, self.group)
        mark = self.mark(node)
        for number, line in enumerate(writer(node)):
            yield f"{mark} {line}" if number == 0 else f"{' ' * width_of(mark)} {line}"

    def compare(self, node: Json) -> Iterator[str]:
        """Write a comparison: each value that was read, and what was needed."""
        reads = node["reads"]
        needed = self.needed(node, reads[0]) if len(reads) == 1 else ""
        for read in reads:
            line = self.reading(read)
            yield self.get("explain.needed", name=line, needed=needed) if needed else line
        if node.get("computed") or len(reads) != 1:
            yield self.get("explain.computed", text=node["text"])

    def needed(self, node: Json, read: Json) -> str:
        """Say what a value had to be; nothing where it is that very value."""
        values = node["against"]
        words = [self.value({**read, "value": value}) for value in values]
        if node.get("computed") or (not values and node["operator"] not in {"known", "unknown"}):
            return ""
        alone = len(values) == 1 and node["operator"] in _EQUALS
        if node["truth"] == TRUE.word and alone:
            return ""
        operator = f"explain.operator.{node['operator']}"
        return self.get(operator, values=self.join(words, either=True) if words else "")

    def reading(self, read: Json) -> str:
        """Write a value that was read, with its slot and its fact."""
        finding = bool(read["finding"])
        name = self.words.slot(str(read["slot"]), finding=finding) or str(read["slot"])
        fact = self.fact(read)
        key = "explain.compare_of" if fact else "explain.compare"
        return self.get(key, name=name, fact=fact, value=self.value(read))

    def fact(self, read: Json) -> str:
        """Name the fact of a value; nothing where there is only one."""
        template = str(read["slot"]).partition(".")[0]
        known = self.kb.templates.get(template)
        if known is None or known.single:
            return ""
        if read["unseen"]:
            return self.get("explain.any_fact", template=self.words.template(template).lower())
        return "" if read["fact"] in self.named else self.words.fact(read["fact"])

    def value(self, read: Mapping[str, object]) -> str:
        """Write a value in words."""
        if read["value"] is None:
            return self.get("explain.unknown" if read["applies"] else "explain.not_applicable")
        finding = bool(read["finding"])
        return self.words.value(str(read["slot"]), read["value"], finding=finding)

    def match(self, node: Json) -> Iterator[str]:
        """Write which fact a pattern found; nothing where there can be one only."""
        if node["truth"] == TRUE.word and self.is_single(node):
            return
        facts = self.join(self.words.facts(node["facts"]))
        if node["truth"] == FALSE.word and not facts:
            yield self.get("explain.no_fact")
            return
        yield (
            self.get("explain.exists", facts=facts) if facts else self.get("explain.exists_unseen")
        )

    def is_single(self, node: Json) -> bool:
        """Say whether a pattern is of a template that has one fact."""
        known = [self.kb.templates.get(str(fact["template"])) for fact in node["facts"]]
        return any(template is not None and template.single for template in known)

    def computed(self, node: Json) -> Iterator[str]:
        """Write from what a value was computed."""
        yield self.get("explain.value", text=node["text"])
        for read in node["reads"]:
            yield self.reading(read)

    def aggregate(self, node: Json) -> Iterator[str]:
        """Write what was counted or summed, and the facts that count."""
        value = node["result"]
        shown = self.get("explain.unknown") if value is None else self.words.written(value, None)
        yield self.get("explain.result", text=node["text"], value=shown)
        yield from self.words.facts(node["facts"])

    def group(self, node: Json) -> Iterator[str]:
        """Write a condition that has others inside."""
        form = str(node["form"])
        if form == "all" and len(node["parts"]) == 1:
            return
        if form == "each":
            yield self.get("explain.each", text=node["text"])
        elif form in {*_GROUPS, "not"} and node["parts"]:
            yield self.get(f"explain.{form}")
        elif form == "not":
            yield self.get("explain.not_bare", text=str(node["text"]).removeprefix("not "))
        else:
            yield str(node["text"])

    WRITERS: Final[Mapping[str, Callable[[_TreeWriter, Json], Iterator[str]]]] = {
        "diagnosis": diagnosis,
        "action": action,
        "veto": veto,
        "required": required,
        "finding": finding,
        "findings": title,
        "rules": title,
        "rule": rule,
        "unless": unless,
        "condition": condition,
    }
