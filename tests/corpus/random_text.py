"""Random expressions as text, with the shapes of their inputs, in everything that can be written.

They stay away from kinks and poles. An expression is built from the outside in: a shape is wanted, a rule writes text
for it and asks for the parts. Inputs are made as they are needed. Numbers for them lie between 0.5 and 1.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np

from tests.corpus.corpus import words

Shape = tuple[str, ...]

NAMES = ("A", "b", "X", "W_1", "E", "beta", "x", "Q", "I", "u")
LETTERS = ("N", "D", "M")
ELEMENTWISE = (
    *("exp({} / 2)", "tanh({})", "sin({})", "cos({})", "sigmoid({})", "erf({})", "relu({} - 1)", "abs({} - 1)"),
    *("sqrt({}**2 + 1)", "log(3 + tanh({}))", "1 / (2 + sin({}))", "{}**2", "{}**3 / 8", "-{}", "{} / 2"),
    *("clip({}, 0.625, 1.25)", "np.exp(-{})", "(cos({}) + 2)**(-1.5)", "sign({} - 1.125)", "softplus({})"),
)
BINARY = (
    *("{} + {}", "{} - {}", "{} * {}", "{} / (3 + {}**2)", "maximum({}, {})", "minimum({}, {})"),
    *("({} > 1) * {}", "({} <= 1) * {}", "where({} > 1, {}, 0.5)"),
)
PRODUCTS: dict[int, tuple[tuple[str, str], ...]] = {
    0: (("i,i", "->"), ("ij,ji", "->"), ("ij,i", "->")),
    1: (("ij,j", "->i"), ("ij,ji", "->i"), ("ikj,kj", "->i"), ("ii,i", "->i")),
    2: (("ik,kj", "->ij"), ("ik,jk", "->ij"), ("i,j", "->ij"), ("kij,k", "->ij"), ("ji,k", "->ij")),
    3: (("ij,jk", "->ijk"), ("ijl,ilk", "->ijk"), ("kij,k", "->ijk"), ("i,jk", "->ijk")),
}


@dataclass
class RandomText:
    """Text for a wanted shape; budget is how many rules may still be applied."""

    random: Random
    budget: int
    inputs: dict[str, Shape] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)

    def write(self) -> str:
        """A whole text; every size that it speaks of is that of an input, and every input is used."""
        shape = tuple(self.axis() for _ in range(self.random.choice((0, 0, 1, 1, 2, 2, 2, 3))))
        text = self.expression(shape)
        if not self.inputs:
            text = f"{text} * {self.fresh(())}"
        whole = "\n".join((*self.statements, text))
        used = words(whole)
        self.inputs = {name: shape for name, shape in self.inputs.items() if name in used}
        for letter in LETTERS:
            if letter in used and not any(letter in known for known in self.inputs.values()):
                self.inputs[f"s_{letter}"] = (letter,)
                whole += f" + sum(s_{letter})"
        return whole

    def axis(self) -> str:
        return self.random.choice((*LETTERS, *LETTERS, "1", "2", "3", "4", "6"))

    def fresh(self, shape: Shape) -> str:
        name = NAMES[len(self.inputs)] if len(self.inputs) < len(NAMES) else f"P_{len(self.inputs)}"
        self.inputs[name] = shape
        return name

    def leaf(self, shape: Shape) -> str:
        known = [name for name, known in self.inputs.items() if known == shape]
        if known and self.random.random() < 0.6:
            return self.random.choice(known)
        if shape and self.random.random() < 0.06:
            if len(shape) == 2 and shape[0] == shape[1] != "1":
                return f"eye({shape[0]})"
            return f"{self.random.choice(('ones', 'zeros'))}({written(shape)})"
        return self.fresh(shape)

    def fitting(self, shape: Shape) -> Shape:
        """A shape that is broadcast to this one."""
        if self.random.random() < 0.5:
            return shape
        kept = shape[self.random.randint(0, len(shape)) :]
        return tuple("1" if self.random.random() < 0.3 else axis for axis in kept)

    def expression(self, shape: Shape) -> str:
        """Text in brackets where it needs them."""
        self.budget -= 1
        if self.budget <= 0 or len(shape) > 3:
            return self.leaf(shape)
        rules: list[Callable[[Shape], str]] = [self.elementwise, self.binary, self.binary, self.reduced, self.product]
        rules += [self.chosen, self.scaled, self.named, self.contracted]
        if shape:
            rules += [self.softened, self.picked, self.rolled, self.normalised]
        if len(shape) >= 2:
            rules += [self.turned, self.product, self.outer]
        if len(shape) <= 2:
            rules.append(self.of_square)
        if any(axis.isdecimal() for axis in shape):
            rules += [self.sliced, self.joined, self.stacked, self.reshaped, self.newly]
        return self.random.choice(rules)(shape)

    def elementwise(self, shape: Shape) -> str:
        return f"({self.random.choice(ELEMENTWISE).format(self.expression(shape))})"

    def binary(self, shape: Shape) -> str:
        shapes = [shape, self.fitting(shape)]
        self.random.shuffle(shapes)
        first, second = map(self.expression, shapes)
        return f"({self.random.choice(BINARY).format(first, second)})"

    def chosen(self, shape: Shape) -> str:
        left, right, other = self.expression(self.fitting(shape)), self.leaf(shape), self.expression(shape)
        sign = self.random.choice((">", "<", ">=", "<="))
        return f"where({left} {sign} {right}, {other}, {self.expression(self.fitting(shape))})"

    def scaled(self, shape: Shape) -> str:
        letter = self.random.choice(LETTERS)
        form = self.random.choice(("({} / {})", "({} * sqrt({}))", "({} - {})", "({} / ({} + 1))"))
        return form.format(self.expression(shape), letter)

    def named(self, shape: Shape) -> str:
        text = self.expression(shape)
        name = f"T_{len(self.statements)}"
        self.statements.append(f"{name} = {text} + {self.leaf(shape)}")
        return f"({name} * {self.random.choice(ELEMENTWISE).format(name)})"

    def reduced(self, shape: Shape) -> str:
        """A sum, mean, ... over an axis that goes, or that stays as 1; over all axes for a scalar."""
        units = [place for place, axis in enumerate(shape) if axis == "1"]
        if units and self.random.random() < 0.7:
            place, options = self.random.choice(units), ", keepdims=True"
            inside = (*shape[:place], self.axis(), *shape[place + 1 :])
        else:
            place, options = self.random.randint(0, len(shape)), ""
            inside = (*shape[:place], self.axis(), *shape[place:])
        if len(inside) > 4:
            return self.elementwise(shape)
        where = (
            "" if not shape and self.random.random() < 0.5 else f", axis={place - len(inside) * (place > 0)}{options}"
        )
        if not shape and not where:
            inside = (*inside, self.axis())
        text = self.expression(inside)
        form = self.random.choice(("sum", "sum", "mean", "mean", "var", "std", "logsumexp", "max", "norm", "ddof"))
        if form == "max":
            return f"max({text} + {self.fresh(inside)}{where})"
        if form == "norm":
            return f"norm({self.fresh(inside)} + tanh({text}) / 2{where})"
        if form == "std":
            return f"sqrt(var({text}{where}) + 0.5)"
        if form == "logsumexp":
            return f"logsumexp(3 * tanh({text}){where})"
        if form == "ddof":
            return f"(2 * mean({text}{where}) - var({text}{where}))"
        return f"{form}({text}{where})"

    def softened(self, shape: Shape) -> str:
        axis = self.random.randrange(len(shape)) - len(shape)
        form = self.random.choice(("softmax({}, axis={})", "log_softmax({}, axis={})", "softmax({0})"))
        return form.format(f"3 * tanh({self.expression(shape)})", axis)

    def normalised(self, shape: Shape) -> str:
        text, axis = self.leaf(shape), self.random.randrange(len(shape))
        return f"(({text} - mean({text}, axis={axis}, keepdims=True)) / (1 + var({text}, axis={axis}, keepdims=True)))"

    def product(self, shape: Shape) -> str:
        between = self.axis()
        if len(shape) >= 2:
            left = (*self.fitting(shape[:-2]), shape[-2], between)
            right = (*shape[:-2], between, shape[-1])
            if self.random.random() < 0.5 and len(shape) > 2:
                left, right = (*shape[:-2], shape[-2], between), (between, shape[-1])
            return f"({self.expression(left)} @ {self.expression(right)})"
        shapes: list[tuple[Shape, Shape]] = [((*shape, between), (between,)), ((between,), (between, *shape))]
        left, right = self.random.choice(shapes)
        return f"({self.expression(left)} @ {self.expression(right)})"

    def contracted(self, shape: Shape) -> str:
        left, right = self.random.choice(PRODUCTS[len(shape)])
        sizes = dict(zip(right[2:], shape, strict=True))
        shapes = [tuple(sizes.setdefault(letter, self.axis()) for letter in word) for word in left.split(",")]
        return f'einsum("{left}{right}", {", ".join(map(self.expression, shapes))})'

    def outer(self, shape: Shape) -> str:
        if len(shape) > 2:
            return self.turned(shape)
        return f"outer({self.expression(shape[:1])}, {self.expression(shape[1:])})"

    def turned(self, shape: Shape) -> str:
        if len(shape) == 2 and self.random.random() < 0.5:
            return (
                f"{self.leaf(shape[::-1])}.T" if self.random.random() < 0.5 else f"({self.expression(shape[::-1])}).T"
            )
        order = list(range(len(shape)))
        self.random.shuffle(order)
        if len(shape) > 2 and self.random.random() < 0.5:
            inside = tuple(shape[order.index(axis)] for axis in range(len(shape)))
            return f"transpose({self.expression(inside)}, ({', '.join(map(str, order))}))"
        swapped = list(shape)
        swapped[order[0]], swapped[order[1]] = swapped[order[1]], swapped[order[0]]
        return f"swapaxes({self.expression(tuple(swapped))}, {order[0]}, {order[1] - len(shape)})"

    def of_square(self, shape: Shape) -> str:
        """diag, trace, det, logdet and inv, of matrices that are far from singular."""
        size = self.random.choice((*LETTERS, "2", "3")) if not shape else shape[0]
        if size == "1":
            return self.elementwise(shape)
        if len(shape) == 1:
            return f"diag({self.expression((size, size))})"
        regular = f"(4 * eye({size}) + tanh({self.expression((size, size))}))"
        if not shape:
            return self.random.choice((f"trace({regular})", f"(det({regular}) / 64)", f"logdet({regular})"))
        if shape[0] != shape[1]:
            return f"(inv({regular}) @ {self.expression(shape)})"
        return self.random.choice((f"inv({regular})", f"diag({self.expression(shape[:1])})"))

    def picked(self, shape: Shape) -> str:
        """One of several along an axis that goes."""
        place = self.random.randint(0, len(shape))
        if len(shape) > 2:
            return self.elementwise(shape)
        inside = (*shape[:place], self.random.choice(("2", "3", "N")), *shape[place:])
        return f"({self.expression(inside)})[{':, ' * place}{self.random.choice(('0', '-1', '1'))}]"

    def rolled(self, shape: Shape) -> str:
        """The entries of an axis moved by one."""
        place = self.random.randrange(len(shape))
        if shape[place] == "1":
            return self.elementwise(shape)
        text, before = self.leaf(shape), ":, " * place
        return f"concatenate([{text}[{before}1:], {text}[{before}:1]], axis={place})"

    def sliced(self, shape: Shape) -> str:
        place, number = self.numbered(shape)
        start, more, step = self.random.randint(0, 2), self.random.randint(0, 2), self.random.choice((1, 1, 2))
        whole = start + step * (number - 1) + 1 + more
        inside = (*shape[:place], str(whole), *shape[place + 1 :])
        stop = start + step * (number - 1) + 1
        by = f":{step}" if step > 1 else ""
        return f"({self.expression(inside)})[{':, ' * place}{start or ''}:{stop}{by}]"

    def newly(self, shape: Shape) -> str:
        """A new axis of size 1."""
        place, number = self.numbered(shape)
        if number != 1:
            return self.sliced(shape)
        return f"({self.expression((*shape[:place], *shape[place + 1 :]))})[{':, ' * place}None]"

    def joined(self, shape: Shape) -> str:
        place, number = self.numbered(shape)
        if number == 1:
            return self.newly(shape)
        first = self.random.randint(1, number - 1)
        parts = [(*shape[:place], str(size), *shape[place + 1 :]) for size in (first, number - first)]
        return f"concatenate([{', '.join(map(self.expression, parts))}], axis={place})"

    def stacked(self, shape: Shape) -> str:
        place, number = self.numbered(shape)
        if number > 3:
            return self.joined(shape)
        part = (*shape[:place], *shape[place + 1 :])
        return f"stack([{', '.join(self.expression(part) for _ in range(number))}], axis={place})"

    def reshaped(self, shape: Shape) -> str:
        """An axis that is two axes before, or two axes that are one before."""
        place, number = self.numbered(shape)
        if number in (4, 6) and len(shape) < 4:
            inside = (*shape[:place], "2", str(number // 2), *shape[place + 1 :])
        elif place + 1 < len(shape) and shape[place + 1].isdecimal():
            inside = (*shape[:place], str(number * int(shape[place + 1])), *shape[place + 2 :])
        else:
            return f"reshape(reshape({self.expression(shape)}, ({' * '.join(shape)},)) * 2, {written(shape)})"
        return f"reshape({self.expression(inside)}, {written(shape)})"

    def numbered(self, shape: Shape) -> tuple[int, int]:
        """An axis whose size is a number, and that number."""
        place = self.random.choice([place for place, axis in enumerate(shape) if axis.isdecimal()])
        return place, int(shape[place])


def written(shape: Shape) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


@dataclass(frozen=True)
class Example:
    """A random text with shapes, sizes, and numbers for its inputs."""

    text: str
    shapes: dict[str, str]
    sizes: dict[str, int]
    arrays: dict[str, np.ndarray]

    def __str__(self) -> str:
        return f"{self.text!r}, shapes={self.shapes}, sizes={self.sizes}"


def example(random: Random, budget: int = 9) -> Example:
    """A random expression; its sizes are from 2 on and all different more often than not."""
    builder = RandomText(random, random.randint(2, budget))
    text = builder.write()
    numbers = random.sample((2, 3, 4), 3) if random.random() < 0.7 else [random.randint(2, 3) for _ in LETTERS]
    bound = dict(zip(LETTERS, numbers, strict=True))
    used = {axis for shape in builder.inputs.values() for axis in shape if not axis.isdecimal()}
    generator = np.random.default_rng(random.randint(0, 2**31))
    arrays = {
        name: generator.uniform(0.5, 1.5, tuple(int(axis) if axis.isdecimal() else bound[axis] for axis in shape))
        for name, shape in builder.inputs.items()
    }
    shapes = {name: " ".join(shape) for name, shape in builder.inputs.items()}
    return Example(text, shapes, {letter: bound[letter] for letter in LETTERS if letter in used}, arrays)
