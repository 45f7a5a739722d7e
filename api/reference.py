"""`/api/v1/docs`: the OpenAPI document as a page. Ours, since the framework's own loads its scripts from elsewhere."""

import json
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from ninja import NinjaAPI

from api.catalogue import PROBLEMS
from api.description import SCOPE
from api.guides import GUIDES, Guide
from tenants.hosts import tenant_url
from tenants.requests import tenant_of

Json = dict[str, Any]

SHAPES: Final = "#/components/schemas/"
METHODS: Final = ("get", "post", "put", "patch", "delete")

# What stands in a path in the examples. In bodies they are the schemas' own.
IN_PATHS: Final = {
    "name": "general",
    "room": "general",
    "external_id": "bob",
    "message_id": "$MESSAGE_ID",
    "file_id": "$FILE_ID",
    "webhook_id": "$WEBHOOK_ID",
    "delivery_id": "$DELIVERY_ID",
    "key_id": "$KEY_ID",
    "report_id": "$REPORT_ID",
    "incoming_id": "$INCOMING_ID",
    "token": "$TOKEN",
    "emoji": "%F0%9F%91%8D",
}


@dataclass(frozen=True)
class Field:
    """One thing that a call takes or an answer holds."""

    name: str
    type: str
    required: bool
    about: str
    example: Any = None


@dataclass(frozen=True)
class Answer:
    """What a call gives back: a `shape` that has a table on this page, or a page of such."""

    status: str
    shape: str
    is_list: bool


@dataclass(frozen=True)
class Call:
    """One method of one path."""

    id: str
    method: str
    path: str
    title: str
    about: str
    scope: str
    fields: list[Field]
    answers: list[Answer]
    example: str


@dataclass(frozen=True)
class Section:
    """The calls about one subject."""

    name: str
    calls: list[Call]


def page(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    """The reference, with examples for this workspace's own host."""
    tenant = tenant_of(request)
    assert tenant is not None  # this page exists on tenants' hosts alone
    document = api.get_openapi_schema()
    home = tenant_url(tenant.slug, "")
    sections = _sections(document, home)
    named = {answer.shape for section in sections for call in section.calls for answer in call.answers}
    shapes = {_name(name): _fields(shape) for name, shape in document["components"]["schemas"].items()}
    context = {
        "tenant": tenant,
        "home": home,
        "guides": [_shown(guide) for guide in GUIDES],
        "sections": sections,
        "errors": [
            (status, code, _marked(meaning))
            for status, codes in PROBLEMS.items()
            for code, meaning in codes.items()
        ],
        "shapes": [(name, shapes[name]) for name in sorted(named & shapes.keys())],
    }
    return render(request, "api/reference.html", context)


def _shown(guide: Guide) -> Json:
    paragraphs = [_marked(paragraph) for paragraph in guide.paragraphs]
    examples = [(f"{guide.id}-{at}", *each) for at, each in enumerate(guide.examples, 1)]
    return {"id": guide.id, "title": guide.title, "paragraphs": paragraphs, "examples": examples}


def _sections(document: Json, home: str) -> list[Section]:
    sections: dict[str, list[Call]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                said = methods[method]
                sections.setdefault(said["tags"][0], []).append(_call(document, home, path, method, said))
    return [Section(name, calls) for name, calls in sections.items()]


def _call(document: Json, home: str, path: str, method: str, said: Json) -> Call:
    taken = [
        Field(each["name"], f"{_words(each['schema'])}, in the {each['in']}", each["required"], _about(each))
        for each in said["parameters"]
        if each["in"] != "path"
    ]
    content = said.get("requestBody", {}).get("content", {})
    form = "multipart/form-data" in content
    body = next((each.get("schema") for each in content.values()), None)
    sent = _fields(_resolved(document, body)) if body else []
    answers = [_answer(status, each) for status, each in said["responses"].items() if status != "default"]
    return Call(
        id=said["operationId"].removeprefix("api_v1_").replace("_", "-"),
        method=method.upper(),
        path=path,
        title=said["summary"],
        about=_marked(said.get("description", "")),
        scope=said.get(SCOPE, ""),
        fields=taken + sent,
        answers=answers,
        example=_example(home, path, method, sent, needs_key=SCOPE in said, form=form),
    )


def _example(home: str, path: str, method: str, sent: list[Field], *, needs_key: bool, form: bool) -> str:
    for name, value in IN_PATHS.items():
        path = path.replace(f"{{{name}}}", value)
    lines = [f"curl {'' if method in ('get', 'post') else f'-X {method.upper()} '}{home}{path}"]
    if needs_key:
        lines.append('  -H "Authorization: Bearer $SNUG_KEY"')
    if form:
        named = [f"{each.name}={each.example}" for each in sent if each.example is not None]
        lines += [f"  -F {each}" for each in [*named, "file=@photo.jpg"]]
    elif sent:
        body = {each.name: each.example for each in sent if each.example is not None}
        lines.append("  -H 'Content-Type: application/json'")
        lines.append(f"  -d '{json.dumps(body, ensure_ascii=False)}'")
    return " \\\n".join(lines)


def _fields(shape: Json) -> list[Field]:
    required = shape.get("required", ())
    return [
        Field(name, _words(each), name in required, _about(each), next(iter(each.get("examples", ())), None))
        for name, each in shape.get("properties", {}).items()
    ]


def _about(said: Json) -> str:
    default = said.get("schema", said).get("default")
    parts = [said.get("description", ""), f"Default {default}." if default is not None else ""]
    return _marked(" ".join(part for part in parts if part))


def _marked(text: str) -> str:
    """As HTML, with what stands between backticks as code."""
    parts = (
        format_html("<code>{}</code>" if at % 2 else "{}", part) for at, part in enumerate(text.split("`"))
    )
    return format_html_join("", "{}", ((part,) for part in parts))


def _resolved(document: Json, schema: Json) -> Json:
    for each in schema.get("anyOf", [schema]):
        if "$ref" in each:
            shape: Json = document["components"]["schemas"][each["$ref"].removeprefix(SHAPES)]
            return shape
    return schema


def _answer(status: str, answer: Json) -> Answer:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    shape = str(schema.get("$ref", "")).removeprefix(SHAPES)
    item = shape.removeprefix("Page_").removesuffix("_")
    return Answer(status, _name(item), is_list=item != shape)


def _name(shape: str) -> str:
    """A shape's name for people: our classes call what goes out `RoomOut` beside the model `Room`."""
    return shape.removesuffix("Out")


def _words(schema: Json) -> str:
    """A schema's type, in words."""
    if "anyOf" in schema:
        return " or ".join(_words(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        return _name(str(schema["$ref"]).removeprefix(SHAPES))
    if "enum" in schema:
        return " | ".join(f'"{each}"' for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_words(schema['items'])}"
    if schema.get("type") == "integer" and "minimum" in schema:
        return f"integer, {schema['minimum']:,} to {schema['maximum']:,}"
    if schema.get("type") == "string" and "maxLength" in schema:
        return f"string, at most {schema['maxLength']}"
    return str(schema.get("type", "string"))
