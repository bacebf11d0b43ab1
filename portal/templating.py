"""The Jinja environment of pages and mails: autoescaped, strict about names, one for each language.

Text templates (`.txt`) are not escaped, everything else is. An undefined name is an error, not an empty string.
What a language decides is decided when a template is compiled: constant texts and fingerprinted addresses become
constants of the compiled code, escaped like any other value. Never gives a template other bytes than plain Jinja.
"""

import hashlib
from base64 import b64encode
from functools import cache, lru_cache
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes, select_autoescape
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer

from portal import addresses
from portal.language import formats
from portal.language.messages import sentence, translations
from portal.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
# Called with one constant, these give the same for as long as an environment lives: `{% trans %}` calls `gettext`.
FOLDED = frozenset({"_", "gettext", "static", "integrity"})


class Calling(Context):
    """A context that calls plain functions and macros straight away: a list page does so five hundred times.

    Jinja's own looks at each one first, six times over, for whether it wants the context or the environment.
    """

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What `called` gives; functions that want the context go Jinja's way."""
        if type(called) is Macro:
            called, args = called.__call__, (self.eval_ctx, *args)
        elif type(called) not in (FunctionType, MethodType) or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return called(*args, **kwargs)


class Folding(Environment):
    """An environment that calls what is in `FOLDED` when it compiles a template, instead of at every rendering."""

    context_class = Calling

    def _generate(self, source: nodes.Template, *args: Any, **options: Any) -> str:
        return super()._generate(_Folder(self).visit(source), *args, **options)


@cache
def environment(locale: str) -> Environment:
    """The environment of one language: `_`, the formats, the addresses, `static` and `integrity`, bound to it."""
    return furnished(Folding, locale)


def furnished(kind: type[Environment], locale: str) -> Environment:
    """A new environment of this kind; a test compares the folding one with Jinja's own."""
    built = kind(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        extensions=["jinja2.ext.i18n"],
    )
    built.install_gettext_translations(translations(locale), newstyle=False)  # type: ignore[attr-defined]  # i18n adds it
    built.globals.update(lang=locale, addresses=addresses, static=static, integrity=integrity)
    built.filters.update(
        money=lambda minor, currency="EUR": formats.money(minor, currency, locale),
        area=lambda value: formats.area(value, locale),
        number=lambda value: formats.number(value, locale),
        day=lambda value: formats.day(value, locale),
        moment=lambda value: formats.moment(value, locale),
        minute=lambda value: formats.minute(value, locale),
        start=lambda value: formats.start(value, locale),
        language=lambda code: formats.language(code, locale),
        sentence=sentence,
        paragraphs=lambda text: [part.strip() for part in text.split("\n\n") if part.strip()],
    )
    return built


class _Folder(NodeTransformer):
    def __init__(self, environment: Environment) -> None:
        self.known: dict[str, Any] = {name: environment.globals[name] for name in FOLDED - {"_"}}
        self.known["_"] = self.known["gettext"]  # Jinja's own `_` needs a context to find `gettext` in

    def visit_Call(self, call: nodes.Call) -> nodes.Expr:  # noqa: N802 - the visitor looks for this name
        """The result of a call as a constant, where it is known already."""
        self.generic_visit(call)
        match call:
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=str(text))], kwargs=[]) if (
                name in self.known and call.dyn_args is call.dyn_kwargs is None
            ):
                return nodes.Const(self.known[name](text), lineno=call.lineno)
        return call


def render(template: str, locale: str, **context: Any) -> str:
    """One template in one language."""
    return environment(locale).get_template(template).render(context)


def static(name: str) -> str:
    """The address of a static file with its content's fingerprint, so that it may be cached for ever."""
    return f"/static/{name}?v={_fingerprint(STATIC / name)}"


@lru_cache(maxsize=16)
def integrity(name: str) -> str:
    """What a browser compares a script with before it runs it (W3C Subresource Integrity)."""
    return f"sha384-{b64encode(hashlib.sha384((STATIC / name).read_bytes()).digest()).decode()}"


@lru_cache(maxsize=256)
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
