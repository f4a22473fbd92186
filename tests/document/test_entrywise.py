"""What is printed in index notation, computed entry by entry as it stands, gives PyTorch's numbers."""

from itertools import product

import numpy as np
import pytest
from sympy import sympify

from derive.document.entrywise import Entrywise
from derive.document.notations import is_indexed, shown_definition, shown_formula, shown_forward
from derive.forward.shape import bind
from derive.layers import load
from derive.notation.latex import print_latex
from derive.notation.tree import (
    AtLeast,
    BigSum,
    Call,
    Delta,
    Entry,
    Gradient,
    Greater,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Where,
)
from derive.proof import numeric, torch_oracle
from derive.rules.naming import formulas

LAYERS = {
    "conv1d": {"N": 2, "C": 3, "K": 2, "T": 3, "M": 4},
    "conv2d": {"N": 2, "C": 2, "H": 2, "K": 2, "W": 3, "M": 3},
    "conv2d stride=2": {"N": 1, "C": 2, "H": 2, "K": 3, "W": 1, "M": 2},
    "conv2d padding=1": {"N": 1, "C": 2, "H": 3, "K": 2, "W": 2, "M": 2},
    "avgpool": {"N": 2, "C": 3, "H": 1, "W": 2},
    "maxpool": {"N": 2, "C": 3, "H": 1, "W": 2},
    "bilinear": {"N": 2, "D": 3, "K": 4, "M": 5},
    "groupnorm": {"N": 2, "J": 3, "K": 4},
    "multihead_attention": {"H": 2, "N": 3, "D": 4, "M": 5},
}
FUNCTIONS = {"exp": np.exp, "sqrt": np.sqrt, "maximum": max, "log": np.log, "tanh": np.tanh}


def layer_of(spec: str):
    name, *rest = spec.split()
    return load(name, dict(item.split("=") for item in rest))


class Reader:
    """Computes a printed formula at a place, with nothing but arrays, letters and sizes."""

    def __init__(self, arrays, gradients, sizes):
        self.arrays, self.gradients, self.sizes = arrays, gradients, sizes

    def place(self, index, at):
        # Positions that are numbers count from 0, letters from 1.
        return tuple(i + 1 if isinstance(i, int) else int(sympify(spaced(i), locals=self.known(at))) for i in index)

    def known(self, at):
        return {**self.sizes, **at}

    def __call__(self, tree, at):
        match tree:
            case Number(value):
                return float(sympify(str(value), locals=self.known(at)))
            case Entry(letter, index):
                return self.arrays[letter][tuple(i - 1 for i in self.place(index, at))]
            case Gradient(Entry(letter, index)):
                return self.gradients[letter][tuple(i - 1 for i in self.place(index, at))]
            case Delta(index):
                first, second = self.place(index, at)
                return float(first == second)
            case BigSum(bounds, body):
                ranges = [range(1, int(sympify(str(last), locals=self.sizes)) + 1) for _, last in bounds]
                letters = [letter for letter, _ in bounds]
                assert not set(letters) & set(at), "a letter is used twice"
                return sum(self(body, {**at, **dict(zip(letters, values, strict=True))}) for values in product(*ranges))
            case Sum(terms):
                return sum(self(term, at) for term in terms)
            case Product(factors):
                return float(np.prod([self(factor, at) for factor in factors]))
            case Negative(operand):
                return -self(operand, at)
            case Quotient(over, under):
                return self(over, at) / self(under, at)
            case Power(base, exponent):
                return self(base, at) ** self(exponent, at)
            case Greater(larger, smaller):
                return float(self(larger, at) > self(smaller, at))
            case AtLeast(larger, smaller):
                return float(self(larger, at) >= self(smaller, at))
            case Where(condition, left, right):
                return self(left, at) if self(condition, at) else self(right, at)
            case Call(name, operands):
                return FUNCTIONS[name](*(self(operand, at) for operand in operands))
        raise AssertionError(f"no rule for {type(tree).__name__}")

    def array(self, equation, shape):
        """All entries of what an equation defines."""
        left, right = equation.parts
        index = left.of.index if isinstance(left, Gradient) else left.index
        found = np.empty(shape)
        for position in np.ndindex(*shape):
            at = {letter: p + 1 for letter, p in zip(index, position, strict=True) if isinstance(letter, str)}
            found[position] = self(right, at)
        return found


def spaced(place: str) -> str:
    """2*h+k-2 for 2h+k-2."""
    return "".join(f"{a}*" if a.isdigit() and b.isalpha() else a for a, b in zip(place, f"{place[1:]} ", strict=True))


def letter_of(tree) -> str:
    return tree.of.letter if isinstance(tree, Gradient) else tree.letter


QUICK = {"conv1d", "avgpool", "bilinear"}


@pytest.mark.parametrize("spec", [s if s in QUICK else pytest.param(s, marks=pytest.mark.thorough) for s in LAYERS])
def test_the_printed_formulas_give_the_numbers_of_pytorch(spec):
    pytest.importorskip("torch")
    layer, sizes = layer_of(spec), LAYERS[spec]
    assert is_indexed(layer)
    sample = numeric.sample(layer, sizes, 3)
    arrays = {node.letter: sample.arrays[node.name] for node in layer.inputs}
    gradients = {layer.output_letter: sample.arrays[layer.upstream.name]}
    read = Reader(arrays, gradients, sizes)
    shown = shown_forward(layer)
    assert shown
    shapes = {
        item.entries.letter: item.node.shape for f in formulas(layer).values() for item in f.definitions if item.entries
    }
    for equation in shown:
        letter = letter_of(equation.parts[0])
        shape = layer.output.shape if letter == layer.output_letter else shapes[letter]
        arrays[letter] = read.array(equation, bind(shape, sizes))
    np.testing.assert_allclose(arrays[layer.output_letter], sample.output, atol=1e-9)
    for formula in formulas(layer).values():
        for item in formula.definitions:
            if item.backward:
                equation = shown_definition(layer, item)
                gradients[letter_of(equation.parts[0])] = read.array(equation, bind(item.node.shape, sizes))
        equation = shown_formula(layer, formula)
        assert isinstance(equation.parts[0].of, Entry)
        found = read.array(equation, bind(formula.wrt.shape, sizes))
        np.testing.assert_allclose(found, torch_oracle.gradient(layer, formula.wrt.name, sample), atol=1e-9)


def test_a_convolution_is_written_as_in_a_textbook():
    """Goodfellow, Bengio and Courville, "Deep Learning", equation 9.7, with one image more and a bias."""
    (output,) = shown_forward(layer_of("conv1d"))
    assert print_latex(output) == (r"y_{nmt} = \sum_{c=1}^{C}\sum_{k=1}^{K} x_{n,c,t+k-1} f_{mck} + b_{m}")


@pytest.mark.parametrize("name", ["affine", "softmax", "layernorm", "attention", "lstm_cell", "mse", "mlp"])
def test_two_axes_are_written_with_matrices(name):
    layer = load(name)
    assert not is_indexed(layer)
    for formula in formulas(layer).values():
        assert shown_formula(layer, formula) == formula.equation


def test_a_sum_inside_of_a_function_has_letters_of_its_own():
    layer = load("groupnorm")
    reader = Entrywise.of(layer, ())
    printed = print_latex(reader.value("y", layer.output))
    assert printed.count(r"\sum_{k=1}") <= 1
