"""JSON documents made for tests, and what the texts in them are worth at arrays of numbers."""

import json
import re
from importlib.resources import files

import jsonschema
import numpy as np

import derive
from derive.document.material import Material
from derive.proof.evidence import Evidence, Strength
from derive.render.json import render_json

SCHEMA = json.loads(files("derive.render").joinpath("schema/derive-1.json").read_text("utf-8"))


def validate(document) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@derive.layer(defaults="N=2 D=3 M=4")
def dense(X: "N D", W: "D M", b: "M"):
    return np.tanh(X @ W + b)


def rendered(layer, *, all_entries=False, **options) -> str:
    """The document with evidence that claims nothing, since proofs take their time and are not what is tested here."""
    derived = derive.derive(layer, **{"samples": "matrix", **options})
    nothing = (Evidence("none", Strength.CHECKED_AT_POINTS, "none", ()),)
    routes = {name: gradient.route for name, gradient in derived.gradients.items()}
    evidence = dict.fromkeys(routes, nothing)
    material = Material(derived.layer, derived.sizes, routes, evidence, derived.options, derived.command, "0")
    return render_json(material, all_entries=all_entries)


def made(layer, **options):
    return json.loads(rendered(layer, **options))


def numbers(document, seed=0):
    """Random arrays by the letter of their entries; the upstream gradient among them."""
    random = np.random.default_rng(seed)
    arrays = {item["letter"]: random.uniform(0.5, 2, item["shape"]) for item in document["inputs"]}
    arrays[document["conventions"]["upstream_letter"]] = random.uniform(0.5, 2, document["output"]["shape"])
    return with_values(document, arrays)


def with_values(document, arrays):
    """The arrays, and those of the values that have names, computed by NumPy from their formulas."""
    names = {item["name"]: arrays[item["letter"]] for item in document["inputs"]} | document["sizes"]
    known = {"__builtins__": {}, "sum": np.sum, "tanh": np.tanh}
    found = dict(arrays)
    for item in document["values"]:
        found[item["letter"]] = names[item["name"]] = eval(item["formula"], known, names)
    return found


def value(expression, arrays) -> float:
    """What an expression is worth: names become array entries, every Σ a sum over Python's range."""
    text = expression if isinstance(expression, str) else expression["text"]
    while "Σ(" in text:
        text = re.sub(r"Σ\(([^Σ]*?), (\w+)=1\.\.(\d+)\)", r"total((\1) for \2 in range(1, \3 + 1))", text)
    # x_1_k is the entry [1 - 1, k - 1] of the array x.
    text = re.sub(
        r"\b([a-z])((?:_\w+?)+)(?=\W|$)",
        lambda name: f"arrays['{name[1]}'][{', '.join(f'{index} - 1' for index in name[2].strip('_').split('_'))}]",
        text,
    )
    known = {letter: array for letter, array in arrays.items() if array.ndim == 0}
    functions = {"__builtins__": {}, "total": sum, "range": range, "tanh": np.tanh, "arrays": arrays}
    return float(eval(text, functions | known))


def evaluated(nested, arrays):
    if isinstance(nested, list):
        return np.array([evaluated(item, arrays) for item in nested])
    return np.array(value(nested, arrays))


def dense_jacobian(gradient, arrays):
    matrix = np.zeros(gradient["jacobian"]["shape"])
    for row, column, expression in gradient["jacobian"]["entries"]:
        matrix[row, column] = value(expression, arrays)
    return matrix
