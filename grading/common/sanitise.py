"""A student's notebook made harmless: it shows the same, and does nothing where it is shown.

nbgrader's pages put what a notebook holds on them as it is. HTML in a student's markdown would run as the TA who reads
it, on the origin of a Jupyter server. So a cell is written anew here from the little that may stay of it.
"""

import base64
import binascii
import html
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import nh3

from autograder.model.notebook import Notebook

MAX_MARKDOWN = 20_000
"""Characters of a markdown cell; renderers need time that grows faster than a longer one."""

TAGS = nh3.ALLOWED_TAGS - {"map", "area"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "details": {"open"},
    "div": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "pre": {"class"},
    "span": {"class"},
    "table": {"border"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"colspan", "rowspan", "style"},
    "tr": {"style"},
}
# An image is part of the notebook or is left out: one that is fetched tells its author who reads when.
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
# A link goes elsewhere. One of the server's own addresses would be opened with the TA's rights.
LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
# Pygments names the parts of code in at most two letters; longer ones are the page's own, and could cover it.
CLASS = re.compile(r"(highlight|[a-z][a-z0-9]?)( [a-z][a-z0-9]?)*")
NUMBER = re.compile(r"\d{1,4}%?")
KEPT_IMAGES = ("image/png", "image/jpeg")


def harmless_cell(cell: Mapping[str, Any]) -> Notebook:
    """A cell with its source and outputs and no metadata; a raw cell becomes markdown that shows it as it is typed."""
    source = _text(cell.get("source"))
    if cell.get("cell_type") == "code":
        number = cell.get("execution_count")
        outputs = [harmless for output in cell.get("outputs", ()) if (harmless := _harmless_output(output))]
        return code_cell(source, outputs, number if type(number) is int else None)
    if cell.get("cell_type") == "markdown":
        return markdown_cell(harmless_markdown(source))
    return markdown_cell(f"<div>{harmless_html(_typed(source))}</div>")  # nbconvert would take it for HTML


def harmless_html(text: str) -> str:
    """HTML on one line that shows the same and does nothing: no script, no style, no address but of a link.

    On one line it is also markdown for itself, so that a page which renders it as markdown changes nothing.
    """
    return _cleaner().clean(text).replace("\r", "").replace("\n", "&#10;")


@lru_cache(maxsize=1024)  # a class shares most of its markdown: it was released so
def harmless_markdown(text: str) -> str:
    """What markdown shows, as `harmless_html` in a `<div>`; markdown that no renderer takes is shown as it is typed."""
    return f"<div>{harmless_html(_rendered(text))}</div>"


def markdown_cell(source: str) -> Notebook:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code_cell(source: str, outputs: list[Notebook], number: int | None = None) -> Notebook:
    return {"cell_type": "code", "metadata": {}, "execution_count": number, "source": source, "outputs": outputs}


def _harmless_output(output: Mapping[str, Any]) -> Notebook | None:
    match output.get("output_type"):
        case "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": _text(output.get("text"))}
        case "error":
            traceback = [_text(line) for line in output.get("traceback") or ()]
            name, value = _text(output.get("ename")), _text(output.get("evalue"))
            return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}
        case "display_data" | "execute_result":
            data = _harmless_data(output.get("data") or {})
            return {"output_type": "display_data", "data": data, "metadata": {}} if data else None
    return None


def _harmless_data(data: Mapping[str, Any]) -> Notebook:
    """Of the forms of one output those that a page can show and that do nothing there."""
    forms = {mime: _text(data[mime]) for mime in ("text/plain", "text/latex") if mime in data}
    if "text/html" in data:
        forms["text/html"] = harmless_html(_text(data["text/html"]))
    elif "text/markdown" in data:
        forms["text/html"] = harmless_markdown(_text(data["text/markdown"]))
    if "text/plain" in forms and not _shows(forms.get("text/html", "")):
        forms.pop("text/html", None)
    return forms | {mime: image for mime in KEPT_IMAGES if (image := _image(data.get(mime)))}


def _shows(text: str) -> bool:
    return "<img src=" in text or bool(re.sub(r"<[^>]*>|&#10;", "", text).strip())


def _image(content: Any) -> str | None:
    """Base64 without white space, where it is that."""
    packed = re.sub(r"\s", "", _text(content))
    try:
        base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error):
        return None
    return packed or None


def _text(value: Any) -> str:
    """The text that nbformat keeps as a string or a list of lines; nothing for anything else."""
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        clean_content_tags={"script", "style", "iframe", "noscript", "object", "svg", "template", "textarea", "title"},
        filter_style_properties={"text-align"},
        url_relative="deny",
        url_schemes={"http", "https", "mailto", "data"},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The attribute's value where it may stay."""
    forms = {"src": IMAGE, "class": CLASS, "width": NUMBER, "height": NUMBER}
    if name == "href":
        return value if LINK.match(value) else None
    return value if name not in forms or forms[name].fullmatch(value) else None


def _rendered(text: str) -> str:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    if len(text) > MAX_MARKDOWN:
        return _typed(text)
    render = MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render
    try:
        return str(render(text.replace("(attachment:", "(#")))  # pasted images do not come along
    except Exception:  # noqa: BLE001 - whatever a student's text does to the renderer, the rest must be readable
        return _typed(text)


def _typed(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"
