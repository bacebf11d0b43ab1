"""Texts folded into compiled templates: the same bytes as plain Jinja, whatever the data and the translations hold."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import Environment, meta, nodes
from jinja2.runtime import Macro
from jinja2.visitor import NodeTransformer

from portal import templating
from portal.language import locales
from portal.language.messages import translations
from portal.templating import TEMPLATES, Folding, furnished

HOSTILE = '</title><script>alert("1")</script>&amp;\' {{ 7 * 7 }} {# #}'
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.*"))
RANDOM = random.Random()


class Anything(str):
    """Hostile text that stands for any value: every attribute, item and call of it is another; truth is drawn."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") or name == "jinja_pass_arg":
            return super().__getattribute__(name)
        return Anything(f"{HOSTILE} {name}")

    def __call__(self, *args: Any, **kwargs: Any) -> "Anything":
        return Anything(HOSTILE)

    def __getitem__(self, key: Any) -> "Anything":
        return Anything(HOSTILE)

    def __iter__(self) -> Iterator["Anything"]:
        return iter([Anything(f"{HOSTILE} 1"), Anything(f"{HOSTILE} 2")])

    def __radd__(self, other: Any) -> Any:
        return [*other, *self] if isinstance(other, list) else other + str(self)

    def __bool__(self) -> bool:
        return RANDOM.random() < 0.6

    def __eq__(self, other: object) -> bool:
        return RANDOM.random() < 0.6

    def __ne__(self, other: object) -> bool:
        return RANDOM.random() < 0.6

    def __gt__(self, other: object) -> bool:
        return RANDOM.random() < 0.6

    __lt__ = __ge__ = __le__ = __gt__
    __hash__ = str.__hash__


class HostileMessages:
    """Translations that carry markup, and keep the gaps to fill."""

    def gettext(self, message: str) -> str:
        return f'<b title="\'">{message}</b> & more'

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, one: str, many: str, count: int) -> str:
        return self.ngettext(one, many, count)


class Rows(NodeTransformer):
    """Gives every loop and assignment as many values as it names."""

    def visit_For(self, loop: nodes.For) -> nodes.For:  # noqa: N802 - the visitor looks for this name
        self.generic_visit(loop)
        loop.iter = self.filtered("rows", loop.iter, loop.target)
        return loop

    def visit_Assign(self, assigned: nodes.Assign) -> nodes.Assign:  # noqa: N802
        self.generic_visit(assigned)
        assigned.node = self.filtered("row", assigned.node, assigned.target)
        return assigned

    def filtered(self, name: str, value: nodes.Expr, target: nodes.Node) -> nodes.Expr:
        if not isinstance(target, nodes.Tuple):
            return value
        return nodes.Filter(value, name, [nodes.Const(len(target.items))], [], None, None)


def row(value: Any, width: int) -> Any:
    return (Anything(HOSTILE),) * width if isinstance(value, Anything) else value


def rows(value: Any, width: int) -> Any:
    return [row(each, width) for each in value]


def hostile(kind: type[Environment]) -> Environment:
    """An environment of this kind, in which every value and every message is hostile."""

    class Wide(kind):  # type: ignore[misc, valid-type]
        def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
            return super()._generate(Rows().visit(source), *args, **options)

    built = furnished(Wide, "en")
    built.globals["addresses"] = Anything(HOSTILE)
    formats = ("money", "area", "number", "day", "moment", "minute", "start")
    built.filters.update({name: lambda *args: HOSTILE for name in formats}, row=row, rows=rows)
    return built


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> tuple[Environment, Environment]:
    """The folding environment and plain Jinja, with hostile messages."""
    monkeypatch.setattr(templating, "translations", lambda locale: HostileMessages())
    return hostile(Folding), hostile(Environment)


def written(environment: Environment, name: str, context: dict[str, Any], seed: int) -> str:
    """What a template and each of its macros write when truth is drawn from this seed."""
    RANDOM.seed(seed)
    template = environment.get_template(name)
    macros = [each for each in vars(template.make_module(context)).values() if isinstance(each, Macro)]
    return "\n".join(
        [template.render(context), *(each(*(Anything(HOSTILE) for _ in each.arguments)) for each in macros)]
    )


@pytest.fixture(scope="module")
def context() -> dict[str, Any]:
    """A hostile value for every name that any template asks for."""
    environment = furnished(Environment, "en")
    asked = {
        name
        for path in NAMES
        for name in meta.find_undeclared_variables(environment.parse((TEMPLATES / path).read_text()))
    }
    return {name: Anything(HOSTILE) for name in asked - set(environment.globals)}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_and_its_macros_are_the_same_bytes_folded_and_unfolded(
    name: str, both: tuple[Environment, Environment], context: dict[str, Any]
):
    folding, plain = both
    for seed in range(12):
        assert written(folding, name, context, seed) == written(plain, name, context, seed)


@pytest.mark.parametrize("name", NAMES)
def test_no_template_gives_a_folded_name_another_meaning(name: str):
    tree = furnished(Environment, "en").parse((TEMPLATES / name).read_text())
    assert not [each for each in tree.find_all(nodes.Name) if each.ctx != "load" and each.name in templating.FOLDED]


@pytest.mark.parametrize("locale", locales.SITE)
def test_constant_texts_leave_no_call_behind(locale: str):
    code = furnished(Folding, locale).compile('{{ _("Newest first") }}{{ static("site.css") }}', "x.html", raw=True)
    assert translations(locale).gettext("Newest first") in code
    assert "resolve(" not in code.partition("if 0")[2] and "call(" not in code


@pytest.mark.parametrize(
    "source",
    [
        '{{ _("a <b>") }}|{{ _("a <b>") | safe }}|{{ _("a <b>") | upper }}|{{ _("a") ~ x }}',
        '{{ _("%(n)s & <b>") | format(n=x) }}|{{ _("Buy") if x else _("Rent") }}',
        '{% trans %}plain <b>{% endtrans %}|{% trans y=x %}with {{ y }}{% endtrans %}',
        '{% trans n=2 %}one{% pluralize %}many {{ n }}{% endtrans %}|{{ ngettext("one", "many", 2) }}',
        '{% macro m(t) %}<{{ t }}>{% endmacro %}{{ m(_("a <b>")) }}|{{ m(m(_("a"))) }}',
        '{% set t = _("a <b>") %}{{ t }}|{{ [t, x] | join(", ") }}|{{ _(x) }}|{{ gettext("a") }}',
        '{% autoescape false %}{{ _("a <b>") }}{% endautoescape %}',
        '{% for t in [_("a"), x] %}{{ loop.index }}{{ t }}{% endfor %}',
        '{% macro w() %}[{{ caller(_("a <b>")) }}]{% endmacro %}{% call(t) w() %}{{ t }}{% endcall %}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["page.html", "body.txt"])
def test_every_way_to_use_a_text_gives_the_same_bytes(
    source: str, name: str, both: tuple[Environment, Environment], monkeypatch: pytest.MonkeyPatch
):
    folded, plain = (
        environment.template_class.from_code(environment, environment.compile(source, name), environment.globals)
        for environment in both
    )
    for value in (HOSTILE, 7, None, ["<", "&"]):
        assert folded.render(x=value) == plain.render(x=value)


def test_the_site_renders_with_folded_texts_and_escapes_what_it_is_given():
    environment = templating.environment("es")
    assert isinstance(environment, Folding)
    assert (
        environment.from_string('{{ _("Newest first") }}: {{ x }}').render(x=HOSTILE).startswith("Más recientes: &lt;/")
    )
