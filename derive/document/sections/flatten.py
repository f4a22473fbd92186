"""How images become rows of X, and how the gradient becomes images again: two handwritten digits."""

from __future__ import annotations

from collections.abc import Callable

from derive.document.blocks import Verbatim
from derive.document.digits import DIGITS, SIDE, SOURCE
from derive.document.draft import Draft
from derive.document.layout import grid
from derive.document.material import Material
from derive.document.words import array_name, two_matrices
from derive.engine.tables import EntryTable
from derive.forward.layer import Layer
from derive.forward.nodes import Contract, Input, topological
from derive.locale import N_
from derive.notation.tree import (
    Beside,
    Dots,
    Entry,
    Explicit,
    Gradient,
    Grid,
    MatMul,
    Name,
    Negative,
    Number,
    Product,
    Relation,
    Space,
    Sum,
    Transpose,
    Tree,
)

__all__ = ["write"]

_COUNT = len(DIGITS)
_PIXELS = SIDE * SIDE
_CHANNELS = 3

_CORNERS = (0, -1, SIDE - 1, SIDE, -1, 2 * SIDE - 1, -1, _PIXELS - SIDE, -1, _PIXELS - 1), (3, 6, 7)
_ENDS = (*range(SIDE), -1, *range(_PIXELS - SIDE, _PIXELS)), (SIDE, SIDE + 1)
"""Which of the numbers of a flattened image are shown, -1 for dots, and where a new row of the image begins."""


def write(draft: Draft, material: Material) -> None:
    """Adds the section."""
    layer = material.layer
    draft.heading("flatten", N_("From images to rows"))
    samples = _samples(layer)
    if samples is None:
        draft.prose(N_("No input of this layer is a matrix whose rows are samples, so there is nothing to flatten."))
        return
    _images(draft)
    _rows(draft, samples)
    _order(draft, layer, samples)
    _back(draft, layer, samples)


def _samples(layer: Layer) -> Input | None:
    """The first matrix whose rows are samples."""
    return next((n for n in layer.inputs if len(n.shape) == 2 and str(n.shape[0]) == layer.sample_size), None)


def _images(draft: Draft) -> None:
    draft.prose(
        N_(
            "These are two images of handwritten digits, of {side} rows with {side} pixels each. A pixel is a whole "
            "number from 0, paper, which stands back in print, to 16, ink:"
        ),
        side=SIDE,
    )
    draft.equation("flatten.images", Beside(tuple(Explicit(_image(number)) for number in range(_COUNT))))
    draft.prose(N_("The images are from {source} (licence CC BY 4.0)."), source=SOURCE)


def _image(number: int) -> EntryTable:
    """The pixels of one image."""
    # What is zero here is so by no structure, but the digit is seen when the paper stands back.
    return EntryTable("", (SIDE, SIDE), lambda i, j: Number(DIGITS[number][i][j]), dict, sparse=True)


def _symbols(letter: str, image: int) -> EntryTable:
    """The pixels of one image, by name."""
    return EntryTable("", (SIDE, SIDE), lambda i, j: Entry(letter, (image, i, j)), dict)


def _rows(draft: Draft, samples: Input) -> None:
    name, letter = array_name(samples), samples.letter
    draft.prose(
        N_(
            "Grey images have one channel, so this batch of two is an array in {batch}. The layer takes every sample "
            "as one row of {array}. So the rows of an image are written one after the other. If {pixel} is the pixel "
            "of image {i} in row {j} and column {k}, the batch"
        ),
        batch=Space((_COUNT, 1, SIDE, SIDE)),
        array=name,
        pixel=Entry(letter, ("i", "j", "k")),
    )
    tables = (_symbols(letter, image) for image in range(_COUNT))
    draft.equation("flatten.batch", Beside(tuple(grid(table, 3, 3) for table in tables)))
    draft.prose(N_("becomes, with dashes where a row of the image ends,"))
    draft.equation(
        "flatten.rows",
        Relation.equal(
            name,
            _flat(_CORNERS, lambda image, number: Entry(letter, (image, *divmod(number, SIDE)))),
            _flat(_ENDS, lambda image, number: Number(DIGITS[image][number // SIDE][number % SIDE])),
        ),
    )
    code = Verbatim(f"{samples.name} = images.reshape({_COUNT}, {_PIXELS})")
    rows, columns = map(str, samples.shape)
    if rows.isdecimal() or columns.isdecimal():
        draft.prose(N_("In NumPy, {code} does it."), code=code)
    else:
        draft.prose(
            N_("In NumPy, {code} does it; for this batch {rows} and {columns}."),
            code=code,
            rows=Relation.equal(Number(rows), Number(_COUNT)),
            columns=Relation.equal(Number(columns), Number(_PIXELS)),
        )


def _flat(shown: tuple[tuple[int, ...], tuple[int, ...]], cell: Callable[[int, int], Tree]) -> Grid:
    """Some columns of the matrix of flattened images."""
    columns, rules = shown
    cells = tuple(tuple(Dots() if number < 0 else cell(image, number) for number in columns) for image in range(_COUNT))
    rows = tuple(range(_COUNT))
    return Grid(cells, "", rows, columns, column_rules=rules, size=(_COUNT, _PIXELS))


def _order(draft: Draft, layer: Layer, samples: Input) -> None:
    pixel, row, column = (Name(letter) for letter in "crs")
    place = Sum(
        (
            Product((Number(_PIXELS), Sum((pixel, Negative(Number(1)))))),
            Product((Number(SIDE), Sum((row, Negative(Number(1)))))),
            column,
        )
    )
    draft.prose(
        N_(
            "A colour image has {channels} channels, red, green and blue, and is written channel by channel, and each "
            "channel row by row: the pixel of channel {c}, row {r} and column {s} comes at place {place}, and a sample "
            "has {all} numbers."
        ),
        channels=_CHANNELS,
        c=pixel,
        r=row,
        s=column,
        place=place,
        all=_CHANNELS * _PIXELS,
    )
    weights = _weights(layer, samples)
    if weights is None:
        draft.prose(N_("Any other order would do as well, so long as it is the same for every sample."))
        return
    name, by, order = array_name(samples), array_name(weights), two_matrices(layer)[0]
    turned = Transpose(order)
    draft.prose(
        N_(
            "Any other order would do as well, so long as it is the same for every sample. Let {P} be the permutation "
            "matrix that puts the columns of {array} into another order, so that {unit} is the identity. If the rows "
            "of {weights} are put into that order too, the layer computes the same:"
        ),
        P=order,
        unit=MatMul((order, turned)),
        array=name,
        weights=by,
    )
    both = MatMul((MatMul((name, order)), MatMul((turned, by))))
    draft.equation(
        "flatten.order", Relation.equal(both, MatMul((name, MatMul((order, turned)), by)), MatMul((name, by)))
    )


def _weights(layer: Layer, samples: Input) -> Input | None:
    """The matrix whose rows belong to the columns of the samples; None if they meet anywhere else as well."""
    product = _only_product(layer, samples)
    if product is None:
        return None
    label = product.indices[product.operands.index(samples)][1]
    pairs = zip(product.operands, product.indices, strict=True)
    others = [(operand, row) for operand, row in pairs if operand is not samples and label in row]
    if label in product.output or len(others) != 1:
        return None
    ((weights, row),) = others
    if not isinstance(weights, Input) or len(row) != 2 or row[0] != label:
        return None
    return weights if _only_product(layer, weights) is product else None


def _only_product(layer: Layer, array: Input) -> Contract | None:
    """The product that an array is a factor of, if it is used there, once, and nowhere else."""
    users = [node for node in topological(layer.output) if array in node.operands]
    if len(users) == 1 and isinstance(users[0], Contract) and users[0].operands.count(array) == 1:
        return users[0]
    return None


def _back(draft: Draft, layer: Layer, samples: Input) -> None:
    draft.prose(
        N_(
            "Flattening moves numbers and changes none. So the gradient goes back the same way: row {i} of {gradient}, "
            "put back row by row with {code}, holds the derivative of {L} with respect to each pixel of image {i}. It "
            "is wanted where the rows of {array} come from an earlier layer, or where the image itself is adjusted."
        ),
        gradient=Gradient(array_name(samples), f"d{samples.name}", layer.loss),
        code=Verbatim(f"d{samples.name}.reshape({_COUNT}, 1, {SIDE}, {SIDE})"),
        array=array_name(samples),
    )
