"""``/docs``: the API on one page, without scripts and without requests to other hosts."""

from html import escape
from typing import Any

__all__ = ["page"]

STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;"
    "padding:0 1rem}code{font-family:ui-monospace,monospace}table{border-collapse:collapse;width:100%}"
    "td,th{border-top:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "h2{margin-top:2.5rem;overflow-wrap:anywhere}"
)


def page(document: dict[str, Any], root: str = "") -> str:
    """Return an OpenAPI document as HTML; its paths are below the path ``root``."""
    schemas = document["components"]["schemas"]
    parts = [
        _operation(root + path, method, operation, schemas)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        f"<h1>{title}</h1><p>{escape(document['info']['description'])} "
        f'<a href="openapi.json">OpenAPI document</a></p>{"".join(parts)}</main></body></html>'
    )


def _operation(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    about = escape(operation.get("description", ""))
    statuses = ", ".join(escape(status) for status in operation["responses"])
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{about}</p>"
        f"{_table('Request', body, schemas)}{_table('Response', answer.get('schema', {}), schemas)}"
        f"<p>Statuses: {statuses}</p>"
    )


def _table(title: str, schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    rows = "".join(
        f"<tr><td><code>{escape(key)}</code></td><td>{escape(_kind(each))}</td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for key, each in named.get("properties", {}).items()
    )
    head = "<tr><th>key</th><th>type</th><th>meaning</th></tr>"
    return f"<h3>{title}</h3><table>{head}{rows}</table>" if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
