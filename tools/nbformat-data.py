"""Writes what packages/server takes from the reference implementation of nbformat: schemas and golden files.

    python tools/nbformat-data.py      (a Python with nbformat 5)

Run again when nbformat has a new version, and look at the difference.
"""

import json
from pathlib import Path

import nbformat

target = Path(__file__).parent.parent / "packages/server/src/contents/nbformat"


def without_descriptions(schema):
    if isinstance(schema, dict):
        return {
            key: without_descriptions(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [without_descriptions(item) for item in schema]
    return schema


def write_schemas():
    folder = Path(nbformat.v4.__file__).parent
    schemas = []
    for minor in range(6):
        schema = without_descriptions(json.loads((folder / f"nbformat.v4.{minor}.schema.json").read_text()))
        if schema not in [known for _, known in schemas]:
            schemas.append((minor, schema))
    lines = [
        f"// Made by tools/nbformat-data.py from nbformat {nbformat.__version__} (descriptions left out). Do not edit.",
        "// nbformat's schemas: Copyright (c) 2001-2015 IPython Development Team, 2015- Jupyter Development Team.",
        "// Distributed under the terms of the Modified BSD License (https://github.com/jupyter/nbformat/blob/main/LICENSE).",
        "",
        "/** From this minor version of format 4 on, until the next that is listed. */",
        "export const schemasFromMinor: readonly [minor: number, schema: string][] = [",
    ]
    for minor, schema in schemas:
        text = json.dumps(schema, separators=(",", ":")).replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"  [{minor}, '{text}'],")
    lines.append("];")
    (target / "schemas.ts").write_text("\n".join(lines) + "\n")


def cell(cell_type, source, **more):
    return {"cell_type": cell_type, "metadata": {}, "source": source, **more}


def code(source, outputs=(), **more):
    return cell("code", source, execution_count=None, outputs=list(outputs), **more)


def goldens():
    """Name -> JSON text as a client might send it."""
    line_ends = "a\nb\r\nc\rd\x0be\x0cf\x1cg\x1dh\x1ei\x85j\u2028k\u2029l\n\n"
    yield "line-ends", json.dumps(notebook([code(line_ends, id="a"), cell("markdown", line_ends, id="b")]))
    yield "unicode", json.dumps(
        notebook(
            [code("é \U0001f600 \x00\x1f\x7f \\ / \" \t\b", id="a")],
            {"\ue000": 1, "\U00010000": 2, "z": 3, "A": 4, "é": 5, "_\n\"": 6},
        )
    )
    numbers = (
        "[1.0, -0, -0.0, 1e16, 1E5, 1e-5, 0.0001, 123456789012345678901234567890, 1.5e300, 1e999, NaN, -Infinity, "
        "0.1, 100000000000000000000.0, 5e-324, 1.7976931348623157e308, 1e22, 123456789.123456789, 9007199254740993]"
    )
    yield "numbers", json.dumps(notebook([code("", id="a")])).replace('"metadata": {}, "nbf', f'"metadata": {{"n": {numbers}}}, "nbf')
    rich = {
        "text/plain": "a\nb",
        "text/html": ["<b>\n", "</b>"],
        "image/svg+xml": "<svg>\n</svg>",
        "application/javascript": "1\n2",
        "application/json": {"a": ["x\n", "y"], "": []},
        "application/vnd.x+json": ["a\n", "b"],
        "image/png": "aGVsbG8=\n",
        "text/empty": "",
    }
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "1\n2\n"},
        {"output_type": "stream", "name": "stderr", "text": ["x\n", "y"]},
        {"output_type": "execute_result", "data": rich, "metadata": {"a": {}}, "execution_count": 3},
        {"output_type": "display_data", "data": rich, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": "v\nw", "traceback": ["a\nb", "c"]},
    ]
    trusted = code("1", outputs, id="t")
    trusted["metadata"] = {"trusted": True, "collapsed": False, "tags": ["a"]}
    attached = cell("markdown", "![x](attachment:x)", id="m", attachments={"x": {"text/plain": "a\nb", "image/png": "AA=="}})
    metadata = {"orig_nbformat": 3, "orig_nbformat_minor": 0, "signature": "x", "kernelspec": {"name": "p", "display_name": "P"}}
    yield "outputs", json.dumps(notebook([trusted, attached, cell("raw", "", id="r")], metadata))
    yield "empty", json.dumps(notebook([]))


def notebook(cells, metadata=None):
    return {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}


old_notebooks = {
    "v3": {
        "metadata": {"name": "n", "signature": "s", "kept": 1.0},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["a\n", "b"]},
                    {"cell_type": "markdown", "metadata": {"x": 1}, "source": ["a\n", "b"]},
                    {"cell_type": "html", "source": "<b>"},
                    {"cell_type": "raw", "metadata": {}, "source": "r"},
                    {
                        "cell_type": "code",
                        "collapsed": True,
                        "input": ["a = 1\n", "a"],
                        "language": "python",
                        "metadata": {"trusted": True},
                        "prompt_number": 4,
                        "outputs": [
                            {"output_type": "stream", "stream": "stderr", "text": ["1\n", "2"]},
                            {"output_type": "stream", "text": "no name"},
                            {"output_type": "pyout", "prompt_number": 4, "text": ["1"], "html": "<b>", "metadata": {"png": {"w": 1}}},
                            {"output_type": "display_data", "png": "AA==", "svg": ["<svg>\n", "</svg>"], "latex": "x", "javascript": "1"},
                            {"output_type": "display_data", "json": ['{"a": ', "[1.0]}"]},
                            {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                        ],
                    },
                ]
            },
            {"cells": [{"cell_type": "markdown", "source": ""}], "metadata": {}},
        ],
    },
    "v2": {
        "metadata": {"name": "n"},
        "nbformat": 2,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "markdown", "source": ["a", "b"]},
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": ["a = 1", "a"],
                        "language": "python",
                        "prompt_number": 1,
                        "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": ["1", "2"], "png": "AA=="}],
                    },
                ]
            }
        ],
    },
    "v1": {
        "cells": [
            {"cell_type": "code", "code": "a = 1\na", "prompt_number": 2},
            {"cell_type": "text", "text": "words"},
        ]
    },
}


def write_goldens():
    folder = target / "goldens"
    folder.mkdir(exist_ok=True)
    for name, sent in goldens():
        (folder / f"{name}.sent").write_text(sent + "\n")
        nb = nbformat.from_dict(json.loads(sent))
        (folder / f"{name}.ipynb").write_text(nbformat.writes(nb) + "\n", newline="")
    for name, nb in old_notebooks.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(nb, indent=1) + "\n")
        read = nbformat.reads(json.dumps(nb), as_version=4)
        # Ids are random.
        for index, upgraded in enumerate(read.cells):
            upgraded["id"] = f"cell-{index}"
        for key in ("orig_nbformat", "orig_nbformat_minor"):
            read.metadata.pop(key, None)
        (folder / f"{name}.read").write_text(json.dumps(read, indent=1, sort_keys=True) + "\n")


write_schemas()
write_goldens()
