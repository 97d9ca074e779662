"""A small part of Jinja: what is not on the list below does not compile, and the sandbox stands behind that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from retention_engine.errors import TemplateError, nearest
from retention_engine.templates.assembly import check_quotes, relabelled
from retention_engine.templates.files import Part, Templates
from retention_engine.templates.filters import FILTERS, counted, included, joined, printed
from retention_engine.templates.markup import marked

_LARGEST = 10**18
_MOST_NUMBERS = 1_000
_MOST_NODES = 5_000
_TESTS = ("defined", "undefined", "none", "odd", "even", "divisibleby", "in", "number", "string")
_LOOP = frozenset(["index", "index0", "revindex", "revindex0", "first", "last", "length"])
_ARITHMETIC = frozenset(["+", "-", "*", "/", "//", "%"])
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Include, nodes.Assign),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Keyword),
)


class Missing(StrictUndefined):
    """A value that is not there: whatever is done with it but asking whether it is defined fails."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, inside = self._undefined_name, self._undefined_obj
        if inside is missing:
            return str(name)
        return f"{name}{nearest(name, inside)}" if type(inside) is dict else f"{name} in a {type(inside).__name__}"


class Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, narrowed: only entries of dicts and lists are read, only numbers are calculated with."""

    intercepted_binops = _ARITHMETIC

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an entry of a dict, or what a loop knows; never an attribute of an object."""
        if type(obj) is LoopContext and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an entry of a dict or list."""
        if isinstance(obj, Undefined):
            str(obj)  # raises: the name is unknown
        fits = type(argument) is str if type(obj) is dict else type(obj) is list and type(argument) is int
        try:
            return obj[argument] if fits else self.undefined(obj=obj, name=str(argument))
        except LookupError:
            return self.undefined(obj=obj, name=str(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers that are not too large."""
        for value in (left, right):
            if isinstance(value, Undefined):
                str(value)
            if type(value) not in (int, float) or abs(value) > _LARGEST:
                raise TemplateError(f"{operator} is for numbers up to 10**18; texts are joined by ~", code="unfit_data")
        return super().call_binop(context, operator, left, right)

    def join_path(self, template: str, parent: str) -> str:
        """Return the key of a snippet: that of the parent with another name."""
        return parent.rpartition(":")[0] + f":{template}"


def _numbers(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > _MOST_NUMBERS:
        raise TemplateError(f"range gives at most {_MOST_NUMBERS} numbers", code="too_much")
    return found


@frozen
class _Checker:
    """Looks over what was parsed, and rewrites what would be unlimited."""

    label: str

    def check(self, tree: nodes.Template) -> nodes.Template:
        """Return the tree, checked; marks in its literal text are replaced."""
        every = list(tree.find_all(nodes.Node))
        if len(every) > _MOST_NODES:
            raise TemplateError(f"a template has at most {_MOST_NODES} parts", code="too_much")
        for node in every:
            self._check(node)
        for node in every:
            self._rewrite(node)
        return tree

    def _check(self, node: nodes.Node) -> None:
        line = node.lineno
        if not isinstance(node, _ALLOWED):
            raise TemplateError(f"{type(node).__name__} is not possible in a template", line=line)
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateError(f"unknown filter {node.name!r}{nearest(node.name, FILTERS)}", line=line)
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise TemplateError(f"unknown test {node.name!r}{nearest(node.name, _TESTS)}", line=line)
        name = getattr(node, "name", getattr(node, "attr", None))
        if isinstance(node, nodes.Name | nodes.Getattr) and str(name).startswith("_"):
            raise TemplateError("a name does not start with _", line=line)
        if any(getattr(node, each, None) is not None for each in ("dyn_args", "dyn_kwargs")):
            raise TemplateError("arguments are written one by one", line=line)
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            _check_text(node)
        self._check_statement(node, line)

    def _check_statement(self, node: nodes.Node, line: int) -> None:
        if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
            raise TemplateError("nothing but range() can be called", line=line)
        if isinstance(node, nodes.For) and (node.recursive or not isinstance(node.target, nodes.Name)):
            raise TemplateError("a loop is {% for one in many %}", line=line)
        if isinstance(node, nodes.Assign) and not isinstance(node.target, nodes.Name):
            raise TemplateError("set gives one value a name", line=line)
        if isinstance(node, nodes.Include):
            whole = isinstance(node.template, nodes.Const) and str(node.template.value).startswith("_")
            if not whole or node.ignore_missing or not node.with_context:
                raise TemplateError("a snippet is included by its name: {% include '_footer' %}", line=line)

    def _rewrite(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Output):
            self._rewrite_text(node)
        for name in node.fields:
            held = getattr(node, name)
            if isinstance(held, list):
                held[:] = [_limited(each) for each in held]  # in place: a list may have a new owner by now
            elif isinstance(held, nodes.Node):
                setattr(node, name, _limited(held))
        if isinstance(node, nodes.For):
            steps = nodes.Const(sum(1 for _ in node.find_all(nodes.Node)), lineno=node.lineno)
            node.iter = _filtered(node.iter, "_counted", steps)
        if isinstance(node, nodes.Include):
            node.template = _filtered(node.template, "_included")

    def _rewrite_text(self, node: nodes.Output) -> None:
        literal = [each.data if isinstance(each, nodes.TemplateData) else None for each in node.nodes]
        if self.label == "html":
            check_quotes(literal)
        if self.label != "text":
            return
        try:
            parts = marked(literal)
        except TemplateError as error:
            error.line = node.lineno + (error.line or 1) - 1
            raise
        values = iter([each for each in node.nodes if not isinstance(each, nodes.TemplateData)])
        node.nodes = [next(values) if each is None else nodes.TemplateData(each, lineno=node.lineno) for each in parts]


def _check_text(node: nodes.Const) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in node.value):
        raise TemplateError("a text holds no lone surrogates", line=node.lineno)


def _limited(node: Any) -> Any:
    """Replace ``a ~ b`` by a filter that knows a limit."""
    if not isinstance(node, nodes.Concat):
        return node
    return _filtered(nodes.List(node.nodes, lineno=node.lineno), "_joined")


def _no_template(error: TemplateSyntaxError) -> TemplateError:
    return TemplateError(f"not a template: {error.message}", line=error.lineno)


def _filtered(node: nodes.Node, name: str, *more: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(more), [], None, None, lineno=node.lineno)


@frozen(eq=False)
class Loader(BaseLoader):
    """Finds a part by its key ``label:channel:language:name``, checks it and compiles it once."""

    templates: Templates
    parts: dict[str, Part]
    has_source_access = False

    def load(self, environment: Environment, name: str, globals: Mapping[str, Any] | None = None) -> Template:
        """Return a compiled part."""
        own = self.parts.get(name)
        part = own or self._snippet(name)
        try:
            tree = _Checker(name.partition(":")[0]).check(environment.parse(part.text, name))
            code = environment.compile(tree, name, name)
        except (TemplateError, TemplateSyntaxError) as error:
            found = error if isinstance(error, TemplateError) else _no_template(error)
            line = part.line + (found.line or 1) - 1
            where = "" if own else f"snippet {name.rpartition(':')[2]}, line {line}"
            raise relabelled(found, where, found.line if own else None) from None
        return environment.template_class.from_code(environment, code, dict(globals or {}), None)

    def _snippet(self, key: str) -> Part:
        label, channel, language, name = key.split(":", 3)
        found = self.templates.find(name, channel, language)
        return (found.html or Part("html", "")) if label == "html" else found.body


def sandbox(loader: BaseLoader) -> Environment:
    """Return the environment in which every template is filled."""
    made = Sandbox(
        loader=loader,
        autoescape=lambda name: str(name).startswith("html:"),
        undefined=Missing,
        finalize=pass_context(printed),
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=10_000,
        auto_reload=False,
    )
    made.filters = {
        **FILTERS,
        "_counted": pass_context(counted),
        "_included": pass_context(included),
        "_joined": joined,
    }
    for name in set(made.tests) - set(_TESTS):
        del made.tests[name]
    made.globals = {"range": _numbers}
    return made
