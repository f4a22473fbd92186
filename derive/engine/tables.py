"""The engine's results as matrices that can be written out: notation for the page, SymPy scalars for the proof.

What a table's values are made from matters: `partials` and `derivatives` differentiate by definition; the rest
holds what the engine computed. The equality of both is what is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sympy import Expr, Integer

from derive.engine.chain import ChainRule
from derive.engine.concrete import Concrete, flat, unflat
from derive.engine.jacobian import Jacobian
from derive.engine.reshape import Reshaped
from derive.engine.vectorize import VectorMap
from derive.forward.nodes import Input, Node
from derive.notation.tree import (
    At,
    Entry,
    Gradient,
    Identity,
    Kronecker,
    MatMul,
    Name,
    Number,
    Partial,
    Product,
    SumAxis,
    Table,
    Transpose,
    Tree,
)
from derive.notation.tree import Explicit as ExplicitTree
from derive.notation.tree import Ones as OnesTree

__all__ = [
    "EntryTable",
    "array",
    "blocks",
    "component_names",
    "components",
    "derivatives",
    "explicit",
    "ones",
    "partials",
    "row",
    "square",
    "upstream_partials",
    "upstream_row",
    "values",
    "variables",
]

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class EntryTable:
    """A matrix whose entries are made when somebody asks.

    Shapes: shape is that of the matrix; blocks are blocks[0] rows high and blocks[1] columns wide, 0 if there are none.
    name is that of its place in the derivation; nonzeros gives the exact values that are not zero, and is called by
    proofs.
    """

    name: str
    shape: Place
    tree: Callable[[int, int], Tree]
    nonzeros: Callable[[], Mapping[Place, Expr]]
    blocks: Place = (0, 0)
    sparse: bool = False

    def transposed(self) -> EntryTable:
        """The table with rows and columns exchanged."""
        return EntryTable(
            f"{self.name}.T",
            (self.shape[1], self.shape[0]),
            lambda i, j: self.tree(j, i),
            lambda: {(j, i): value for (i, j), value in self.nonzeros().items()},
            (self.blocks[1], self.blocks[0]),
        )


def _layout(shape: tuple[int, ...], *, upright: bool) -> Place:
    """Rows and columns in which an array is written: a vector is a row, or a column if it is upright."""
    if len(shape) > 2:
        *rows, columns = shape
        return flat([size - 1 for size in rows], rows) + 1, columns
    vector = (*shape, 1) if upright else (1, *shape)
    return ((1, 1), vector, shape)[len(shape)]  # type: ignore[return-value]  # two sizes in every case


def array(concrete: Concrete, node: Node) -> EntryTable:
    """The entries of a node; a vector is written as a row, or as a column where samples are columns."""
    shape = concrete.shape(node)
    rows, columns = _layout(shape, upright=concrete.layer.upright)

    def shown(i: int, j: int) -> Tree:
        position = unflat(i * columns + j, shape)
        return concrete.shown_output(position) if node is concrete.layer.output else concrete.shown(node, position)

    return EntryTable(
        node.name if isinstance(node, Input) else "",
        (rows, columns),
        shown,
        lambda: {divmod(n, columns): value for n, value in enumerate(concrete.values(node)) if value},
    )


def variables(map: VectorMap) -> EntryTable:
    """x_11, x_12, ... as a column."""
    shape = map.input_shape
    return EntryTable(
        f"{map.input.name}.map.variables",
        (map.domain, 1),
        lambda i, j: Entry(map.input.letter, unflat(i, shape)),
        lambda: {(n, 0): symbol for n, symbol in enumerate(map.concrete.values(map.input))},
        (shape[-1] if len(shape) > 1 else 0, 0),
    )


def components(map: VectorMap) -> EntryTable:
    """The components of the map, as a column."""
    return EntryTable(
        f"{map.input.name}.map.components",
        (map.codomain, 1),
        lambda i, j: map.shown(i),
        lambda: {(n, 0): value for n, value in enumerate(map.concrete.values(map.layer.output))},
        (map.output_shape[-1] if len(map.output_shape) > 1 else 0, 0),
    )


def component_names(map: VectorMap) -> EntryTable:
    """y_11(x), y_12(x), ... as a column."""
    table = components(map)
    point = Name(map.input.letter, "vector")
    name = map.layer.output_letter
    return EntryTable(
        f"{map.input.name}.map.names",
        table.shape,
        lambda i, j: At(Entry(name, unflat(i, map.output_shape)), point),
        table.nonzeros,
        table.blocks,
    )


def upstream_row(chain: ChainRule) -> EntryTable:
    """∂L/∂y_11, ∂L/∂y_12, ... as a row."""
    concrete = chain.jacobian.map.concrete
    shape = chain.jacobian.map.output_shape
    return EntryTable(
        f"{chain.jacobian.map.input.name}.upstream",
        (1, chain.jacobian.shape[0]),
        lambda i, j: concrete.shown(chain.upstream, unflat(j, shape)),
        lambda: {(0, n): value for n, value in enumerate(concrete.values(chain.upstream))},
        (0, chain.jacobian.blocks[0] if len(shape) > 1 else 0),
    )


def upstream_partials(chain: ChainRule) -> EntryTable:
    """∂h/∂y_11(y(x)), ∂h/∂y_12(y(x)), ... as a row: the upstream derivatives before they are abbreviated."""
    short = upstream_row(chain)
    map = chain.jacobian.map
    point = At(Name(map.layer.output_letter, "vector"), Name(map.input.letter, "vector"))

    def tree(i: int, j: int) -> Tree:
        return At(Partial(Name("h"), Entry(map.layer.output_letter, unflat(j, map.output_shape))), point)

    return EntryTable(f"{short.name}.partials", short.shape, tree, short.nonzeros, short.blocks)


def partials(jacobian: Jacobian) -> EntryTable:
    """∂y_ij/∂x_kl, whose values are derivatives of the components by definition."""
    name = f"{jacobian.map.input.name}.jacobian.partials"
    return EntryTable(name, jacobian.shape, jacobian.partial, lambda: jacobian.map.partials, _blocks(jacobian))


def values(jacobian: Jacobian) -> EntryTable:
    """The values of the partial derivatives, as the engine computed them."""
    return EntryTable(
        f"{jacobian.map.input.name}.jacobian.values",
        jacobian.shape,
        jacobian.shown,
        jacobian.entries,
        _blocks(jacobian),
        sparse=True,
    )


def _blocks(jacobian: Jacobian) -> Place:
    rows, columns = jacobian.blocks
    many = len(jacobian.map.output_shape) > 1, len(jacobian.map.input_shape) > 1
    return (rows if many[0] else 0), (columns if many[1] else 0)


def derivatives(chain: ChainRule) -> EntryTable:
    """∂L/∂x_11, ∂L/∂x_12, ... as a row, whose values are derivatives of L = Σ ∂L/∂y_ij · y_ij."""
    map = chain.jacobian.map
    width = map.input_shape[-1] if len(map.input_shape) > 1 else 0
    return EntryTable(
        f"{map.input.name}.row.names",
        chain.shape,
        lambda i, j: chain.name(j),
        lambda: {(0, n): value for n, value in map.loss_partials.items()},
        (0, width),
    )


def row(chain: ChainRule) -> EntryTable:
    """J_L(x), entry by entry, as the engine computed it."""
    map = chain.jacobian.map

    def nonzeros() -> Mapping[Place, Expr]:
        entries = map.concrete.values(chain.node)
        return {(0, n): value for n, value in enumerate(entries) if value}

    width = map.input_shape[-1] if len(map.input_shape) > 1 else 0
    return EntryTable(f"{map.input.name}.row.entries", chain.shape, chain.shown, nonzeros, (0, width))


def square(flat_row: EntryTable, gradient: Reshaped, tree: Callable[[int, int], Tree]) -> EntryTable:
    """A row in the shape of its input."""
    columns = gradient.layout[1]
    return EntryTable(
        flat_row.name.replace(".row.", ".gradient."),
        gradient.layout,
        tree,
        lambda: {divmod(n, columns): value for (_, n), value in flat_row.nonzeros().items()},
    )


def explicit(tree: Tree, concrete: Concrete) -> Tree | None:
    """A product of inputs, upstream gradient and ones, with every factor written out; None for anything else."""
    match tree:
        case MatMul(factors):
            written = [explicit(factor, concrete) for factor in factors]
            if all(isinstance(factor, ExplicitTree) for factor in written):
                return MatMul(tuple(factor for factor in written if factor is not None))
        case SumAxis(operand, 0, 2):
            inner = explicit(operand, concrete)
            if isinstance(inner, ExplicitTree):
                return MatMul((ExplicitTree(ones(inner.table.shape[0]).transposed()), inner))
        case SumAxis(operand, 1, 2) if concrete.layer.upright:
            inner = explicit(operand, concrete)
            if isinstance(inner, ExplicitTree):
                return MatMul((inner, ExplicitTree(ones(inner.table.shape[1]))))
        case Name() | Gradient():
            node = _array_called(tree, concrete)
            if node is not None and (len(node.shape) == 2 or (concrete.layer.samples == "one" and node.shape)):
                return ExplicitTree(array(concrete, node))
        case OnesTree(size) if size:
            return ExplicitTree(ones(_count(size, concrete)))
        case Transpose(operand):
            inner = explicit(operand, concrete)
            if isinstance(inner, ExplicitTree) and isinstance(inner.table, EntryTable):
                return ExplicitTree(inner.table.transposed())
    return None


def blocks(tree: Tree, concrete: Concrete) -> EntryTable | None:
    """A Kronecker product A ⊗ B as the matrix of its blocks a_ij B; None for anything else.

    Shapes: that of A.
    """
    if not isinstance(tree, Kronecker):
        return None
    first, second = tree.factors
    table = _written(first, concrete)
    if table is None:
        return None

    def block(i: int, j: int) -> Tree:
        value = table.tree(i, j)
        if isinstance(value, Number):
            return second if value.value == 1 else value
        return Product((value, second))

    return EntryTable("", table.shape, block, dict, sparse=True)


def _written(tree: Tree, concrete: Concrete) -> Table | None:
    match tree:
        case Identity(size):
            count = _count(size, concrete)
            return EntryTable("", (count, count), lambda i, j: Number(int(i == j)), dict)
        case OnesTree(size):
            return ones(_count(size, concrete))
    written = explicit(tree, concrete)
    return written.table if isinstance(written, ExplicitTree) else None


def _count(size: str, concrete: Concrete) -> int:
    return concrete.sizes[size] if size in concrete.sizes else int(size)


def ones(size: int) -> EntryTable:
    """A column of ones."""
    return EntryTable("ones", (size, 1), lambda i, j: Number(1), lambda: {(n, 0): Integer(1) for n in range(size)})


def _array_called(tree: Name | Gradient, concrete: Concrete) -> Input | None:
    upstream = concrete.layer.upstream
    if isinstance(tree, Gradient):
        return upstream if tree.letter == upstream.name else None
    return next((node for node in concrete.layer.inputs if node.name == tree.text), None)
