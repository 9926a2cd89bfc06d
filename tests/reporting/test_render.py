"""Whole pages: order of the parts, what they may not hold, and that the forms agree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt

from simdiag.errors import UsageError
from simdiag.i18n import Messages, languages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting.render import NARROW, Format, render
from simdiag.reporting.wrap import width_of

if TYPE_CHECKING:
    from markdown_it.token import Token

Result = dict[str, Any]
FORMATS: tuple[Format, ...] = ("html", "md", "text")
PARTS = ("do", "dont", "why", "sure", "gaps")
INTERNAL = re.compile(
    r"topup\.|[a-z]+_[a-z_]+|\b[FML]-\d\d|#[a-z]|be-mobile|0123456789abcdef|MV-TOPUP|\ba1\b"
)
VOID = {"meta", "link", "br", "img", "path"}


class Page(HTMLParser):
    """Reads a page: its text outside the folded part, its tags, and whether they are balanced."""

    def __init__(self, html: str) -> None:
        """Read a page at once."""
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.shown: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        values = dict(attrs)
        self.tags.append((tag, values))
        if tag not in VOID:
            self.open.append((tag, values.get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag that closes is the one that is open."""
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        hidden = {("details", "support"), ("style", ""), ("title", "")}
        if not hidden & set(self.open):
            self.shown.append(data)

    @property
    def text(self) -> str:
        """What a reader sees without unfolding anything."""
        return " ".join("".join(self.shown).split())

    def headings(self) -> list[int]:
        """The levels of the headings outside the folded part come first, in order."""
        return [int(tag[1]) for tag, _ in self.tags if re.fullmatch("h[1-6]", tag)]


def flat(tokens: Iterable[Token]) -> Iterable[Token]:
    """The tokens of Markdown with those inside them."""
    for token in tokens:
        yield token
        yield from flat(token.children or ())


def reader_text(token: Token) -> str:
    """What a reader of an inline token sees."""
    return "".join(child.content for child in token.children or ())


def folded_away(written: str, fmt: Format) -> str:
    """What a page shows without its folded part."""
    if fmt == "html":
        return Page(written).text
    return re.sub(r"<details>.*?</details>", "", written, flags=re.DOTALL)


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("fmt", FORMATS)
def test_parts_are_in_order(kb: KnowledgeBase, result: Result, fmt: Format, lang: str) -> None:
    """A page says what to do, what not, why, how sure, and what was not checked, in this order."""
    text = folded_away(render([result], kb, lang, fmt), fmt)
    heads = [Messages(lang).get(f"report.{part}.heading") for part in PARTS]
    found = re.findall("|".join(map(re.escape, heads)), text)
    assert list(dict.fromkeys(found)) == heads


@pytest.mark.parametrize("fmt", FORMATS)
def test_parts_are_there_even_if_empty(kb: KnowledgeBase, result: Result, fmt: Format) -> None:
    """A result with nothing in it gives a page with every part, and no error."""
    empty = {key: result[key] for key in ("case", "as_of", "lang", "knowledge")}
    text = folded_away(render([empty], kb, "en", fmt), fmt)
    for part in PARTS:
        assert Messages("en").get(f"report.{part}.heading") in text


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("fmt", FORMATS)
def test_no_internal_id_is_shown(kb: KnowledgeBase, result: Result, fmt: Format, lang: str) -> None:
    """No id of a rule, diagnosis, action, slot or knowledge base stands outside the folded part."""
    text = folded_away(render([result, result], kb, lang, fmt), fmt).replace("\\", "")
    assert INTERNAL.findall(text) == []


@pytest.mark.parametrize("fmt", ["html", "md"])
def test_folded_part_has_the_ids(kb: KnowledgeBase, result: Result, fmt: Format) -> None:
    """Support staff find reference, rule, hash and source in the folded part."""
    written = render([result], kb, "en", fmt).replace("\\", "")
    for word in ("F-03", "topup.paid-not-credited#captured", "0123456789abcdef", "MV-TOPUP"):
        assert word in written


def test_nothing_is_loaded(kb: KnowledgeBase, result: Result) -> None:
    """The page loads nothing, runs nothing, and links out only to sources in the folded part."""
    html = render([result, result], kb, "en", "html")
    for tag, values in Page(html).tags:
        assert tag not in {"script", "img", "iframe", "object", "embed", "base", "form"}
        assert not values.keys() & {"src", "srcset", "onclick", "onload", "background"}
        if tag == "link":
            assert values["href"] == "data:,"
    outside = re.sub(r'<details class="support">.*?</details>', "", html, flags=re.DOTALL)
    assert re.findall(r'href="(?!#|data:,)[^"]*"', outside) == []
    assert "https://example.org/topup" in html
    assert not re.search(r"url\(|@import|https?:", outside)
    assert "default-src 'none'" in html


def test_source_must_be_a_web_address(kb: KnowledgeBase, result: Result) -> None:
    """An address that is not one of the web does not become a link."""
    source = kb.sources["MV-TOPUP"]
    object.__setattr__(source, "url", "javascript:alert(1)")
    assert "javascript" not in render([result], kb, "en", "html")


@pytest.mark.parametrize("lang", languages())
def test_html_is_well_formed(kb: KnowledgeBase, result: Result, lang: str) -> None:
    """Tags are balanced, anchors unique, headings skip no level, and the language is declared."""
    for results in ([result], [result] * 3, []):
        page = Page(render(results, kb, lang, "html"))
        assert page.open == []
        assert page.tags[0] == ("html", {"lang": lang})
        anchors = [values["id"] for _, values in page.tags if "id" in values]
        assert len(anchors) == len(set(anchors))
        targets = {(v.get("href") or "")[1:] for t, v in page.tags if t == "a"}
        assert {t for t in targets if not t.startswith("ttps")} <= set(anchors)
        levels = page.headings()
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_what_users_wrote_is_escaped_in_html(kb: KnowledgeBase, result: Result) -> None:
    """Markup in the name of a case or in a fact is shown, not interpreted."""
    result["case"] = '<script>alert("1")</script>'
    html = render([result], kb, "en", "html")
    assert "<script" not in html
    assert "<b>shop" not in html
    assert '<script>alert("1")</script>' in Page(html).text
    assert "Night <b>shop</b>" in Page(html).text


def test_what_users_wrote_is_escaped_in_markdown(kb: KnowledgeBase, result: Result) -> None:
    """Marks in the name of a case or in a fact are shown, not interpreted."""
    name = "# 1. [x](http://e.example) ![y](z) <img src=x> `a` **b** _c_ | &lt; a@e.example \\"
    result["case"] = name
    text = render([result], kb, "en", "md")
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    reader = MarkdownIt("commonmark").enable(["table"])
    tokens = list(flat(reader.parse(outside)))
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_inline", "html_block", "image", "link_open", "code_inline"}
    assert any(name in reader_text(token) for token in tokens if token.type == "inline")
    assert "www\\.e" in render([result | {"case": "www.e.example"}], kb, "en", "md")


@pytest.mark.parametrize("fmt", FORMATS)
def test_control_characters_are_dropped(kb: KnowledgeBase, result: Result, fmt: Format) -> None:
    """Escape sequences, line breaks and signs that turn the reading order do not get through."""
    result["case"] = "a\x1b[31mred\u202egnp\u2066\x07\nb\u2028c\x85d"
    text = render([result], kb, "en", fmt)
    assert (
        set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)) == set()
    )
    assert re.search(r"a \\?\[31mredgnp b c d", text)


@pytest.mark.parametrize("fmt", FORMATS)
def test_same_bytes_twice(kb: KnowledgeBase, result: Result, fmt: Format) -> None:
    """The same results give the same bytes."""
    assert render([result], kb, "zh", fmt) == render([result], kb, "zh", fmt)


@pytest.mark.parametrize("lang", languages())
def test_markdown_and_text_say_the_same(kb: KnowledgeBase, result: Result, lang: str) -> None:
    """Without marks and line breaks, Markdown and text are the same words in the same order."""
    bare = {}
    for fmt in ("md", "text"):
        text = folded_away(render([result], kb, lang, fmt), fmt)
        bare[fmt] = re.sub(r"[\s\\*#|>=─-]", "", text)
    assert bare["md"] == bare["text"]


@pytest.mark.parametrize("lang", languages())
def test_html_says_what_text_says(kb: KnowledgeBase, result: Result, lang: str) -> None:
    """Every line of the text form stands on the HTML page as well."""
    page = re.sub(r"\s", "", Page(render([result], kb, lang, "html")).text)
    colon = Messages(lang).get("format.colon").strip()
    for line in render([result], kb, lang, "text", width=10_000).splitlines():
        said = re.sub(r"^[\s|─>=✕-]*(\d\. )?", "", line)
        for words in re.split(rf"{colon}(?=\s)|[;；–]", said) if lang == "en" else []:
            assert re.sub(r"\s", "", words.removesuffix(colon)) in page


@pytest.mark.parametrize("width", [NARROW, 78])
@pytest.mark.parametrize("lang", languages())
def test_text_keeps_within_its_width(
    kb: KnowledgeBase, result: Result, lang: str, width: int
) -> None:
    """No line of the text form is wider than asked, Chinese signs counted as two columns."""
    result["case"] = "x" * 300
    text = render([result], kb, lang, "text", width=width)
    assert max(map(width_of, text.splitlines())) <= width


def test_unknown_format_is_refused(kb: KnowledgeBase, result: Result) -> None:
    """A format that does not exist is an error of use with a suggestion."""
    with pytest.raises(UsageError, match="did you mean `html`"):
        render([result], kb, "en", "htm")  # type: ignore[arg-type]


@pytest.mark.parametrize("fmt", FORMATS)
def test_several_cases_have_an_overview(kb: KnowledgeBase, result: Result, fmt: Format) -> None:
    """Several cases come as one page: a table first, then a section for each."""
    text = folded_away(render([result, result | {"case": "c2"}], kb, "en", fmt), fmt)
    assert text.index("Overview") < text.index("2 cases") < text.index("What to do now")
    assert text.count("What not to do") == 2


def test_many_cases_have_limited_sections(kb: KnowledgeBase, result: Result) -> None:
    """Only the first 200 cases get a section unless all are wanted; the table has all of them."""
    small = {key: result[key] for key in ("as_of", "lang", "knowledge")}
    results = [small | {"case": f"case{n}"} for n in range(203)]
    some = render(results, kb, "en", "html")
    assert some.count('<article class="case"') == 200
    assert "3 more cases are in the table only." in some
    assert "case202" in some
    assert render(results, kb, "en", "html", all_cases=True).count("<article") == 203
