"""Whether two nodes compute the same for all sizes: as sums of products, up to order and names of summed letters.

    Σ_k (x_ik - m_i)² s_i^(-1)    =    Σ c · Π (a generator of the field, in entries such as x_ik)^p

Sums are multiplied out, and scalar functions are read in the field of the proof, whose variables here are entries with
letters for indices: exp(a + b) is a product, roots and reciprocals are powers. A sum under a function, or below a
fraction line, is an entry of its own, named by its own canonical form. Nodes with one form are equal, since nothing is
used but that sums and products may be reordered and distributed, the laws of the field, that an inverse of a symmetric
matrix is symmetric, A⁻¹ A = I, and what `places.py` knows of selections. The converse does not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby, permutations, product
from math import factorial, prod
from operator import mul

from derive.errors import UnsupportedError
from derive.forward.nodes import Constant, Map, MatrixFunction, Node, Select, topological
from derive.forward.shape import Size
from derive.proof.decide import vanishes, vanishes_in_parts
from derive.proof.field import Field
from derive.proof.places import Chosen, needless
from derive.proof.powers import is_strictly_positive
from derive.proof.ring import Coefficient, Element, Generator, Kind
from derive.proof.scalars import replaced
from derive.proof.unrolled import unrolled, unrolls
from derive.rules.build import build
from derive.rules.equalities.inverses import cancelled_inverse, double_inverse
from derive.rules.index import Factor, IndexSum, Kronecker, Letters, Product, contract_delta
from derive.rules.index import expand as expand_entries
from derive.rules.known import Forward
from derive.rules.symmetry import is_symmetric
from derive.rules.terms import flatten, opened

__all__ = ["same_for_all_sizes"]

_MOST_ORDERS = 720
"""So many orders of summed letters are tried that nothing tells apart; beyond it no canonical form is given."""

_MOST_TERMS = 2_000
"""A form of more terms is given up."""


def same_for_all_sizes(a: Node, b: Node) -> bool:
    """Whether the canonical forms exist and agree."""
    if a is b:
        return True
    if a.shape != b.shape:
        return False
    # Where one side has a sum over places, and the other its terms, both are written out.
    for written_out in (False, True) if unrolls(a) or unrolls(b) else (False,):
        try:
            if _Forms(written_out).agree(settled(a), settled(b)):
                return True
        except UnsupportedError:
            continue
    return False


def settled(node: Node) -> Node:
    """The node, of whose products with inverses as much is cancelled as can be: X⁻¹ X = I."""
    if not any(isinstance(inner, MatrixFunction) for inner in topological(node)):
        return node
    terms = flatten(node, ())
    forward, rules = Forward(node), (double_inverse, cancelled_inverse)
    while terms is not None:
        changed = next((made for rule in rules if (made := rule(terms, forward)) is not None), None)
        if changed is None:
            return build(terms)
        terms = opened(changed, ())
    return node


@dataclass(frozen=True, slots=True)
class _Sum:
    """What is summed, and whether it is seen to be positive.

    It is written in the bound letters ~0, ~1, ... of these sizes and in the letters ^0, ^1, ... of its place.
    """

    monomial: int
    sizes: tuple[Size, ...]
    positive: bool

    def __str__(self) -> str:
        # In hexadecimal digits a number may be of any length.
        return f"{self.monomial:x} {self.sizes} {self.positive}"


def _place(name: str) -> int:
    """3 for ~3 and ^3."""
    return int(name[1:])


def _is_entry(generator: Generator) -> bool:
    """Whether it is a variable with letters, or a sum that is known to be positive; sizes and π are neither."""
    return isinstance(generator.name, tuple)


_Summed = tuple[Element, dict[str, Size]]
"""A sum of products, and the letters that it is summed over, with their sizes."""


_Key = tuple[tuple[str, str], ...]


def _key(bound: Mapping[str, Size]) -> _Key:
    return tuple(sorted((letter, str(size)) for letter, size in bound.items()))


@dataclass(frozen=True, slots=True)
class _Forms:
    """Canonical forms, all in one field.

    A variable of the field is called (what, letters): what is a node, or a sum that is not multiplied out.
    """

    written_out: bool = False
    ring: Field = field(default_factory=Field)
    _made: dict[Node, list[_Summed]] = field(default_factory=dict)
    _inner: dict[int, frozenset[int]] = field(default_factory=dict)
    _letters: list[str] = field(default_factory=list)

    def agree(self, a: Node, b: Node) -> bool:
        """Whether both forms are equal, or the laws of the field make the difference 0.

        Terms are compared with those that are summed over the same letters, of the same sizes.
        """
        groups: dict[_Key, list[Element]] = {}
        for node, sign in ((a, 1), (b, -1)):
            for value, bound in self.of(node):
                groups.setdefault(_key(bound), []).append(value * sign)
        sums = [self.ring.add(values) for values in groups.values()]
        return all(vanishes_in_parts(value) or vanishes(value) for value in sums)

    def of(self, node: Node) -> list[_Summed]:
        """What a node is the sum of; its axes are ^0, ^1, ..., and the letters ~0, ~1, ... are summed over."""
        found = self._made.get(node)
        if found is None:
            groups: dict[_Key, tuple[list[Element], dict[str, Size]]] = {}
            for value, bound in self._multiplied_out(node):
                groups.setdefault(_key(bound), ([], bound))[0].append(value)
            found = [(self.ring.add(values), bound) for values, bound in groups.values()]
            self._made[node] = found
        return found

    def _multiplied_out(self, node: Node) -> Iterator[_Summed]:
        pending = self._products(node)
        done = 0
        while pending:
            value, sums = pending.pop()
            for monomial, coefficient in value.terms.items():
                done += 1
                if done > _MOST_TERMS:
                    raise UnsupportedError("canonical form: too many terms")
                opened = self._opened(monomial)
                if opened is not None:
                    part, bound = opened
                    pending.append((part * coefficient, {**sums, **bound}))
                    continue
                placed = self._placed(monomial, sums)
                if placed is not None:
                    part, bound = placed
                    pending.append((part * coefficient, bound))
                    continue
                used = [letter for letter in sums if letter in self._letters_in(monomial)]
                # Where nothing depends on a letter, the sum over it is its size.
                unused = [self.ring.read(size) for letter, size in sums.items() if letter not in used]
                named, names = self._least(monomial, used, "~")
                sizes = {names[letter]: sums[letter] for letter in used}
                yield reduce(mul, unused, named) * coefficient, sizes

    def _products(self, node: Node) -> list[_Summed]:
        """The products that a node is the sum of, as it stands."""
        free = tuple(f"^{axis}" for axis in range(len(node.shape)))
        value = IndexSum((Product((Factor(node, free),)),), free, tuple(zip(free, node.shape, strict=True)))
        value = expand_entries(value, Letters())
        while (contracted := contract_delta(value)) is not None:
            value = contracted[0]
        value = unrolled(value) if self.written_out else value
        made = []
        for term in value.products:
            names = {letter: self._fresh() for letter in term.sums}
            factors = [self._factor(part, names) for part in term.factors]
            sizes = {names[letter]: value.size(letter) for letter in term.sums}
            made.append((reduce(mul, factors, self.ring.one), sizes))
        return made

    def _fresh(self) -> str:
        """A letter that no other sum has."""
        self._letters.append(f"k{len(self._letters)}")
        return self._letters[-1]

    def _factor(self, part: object, names: Mapping[str, str]) -> Element:
        if isinstance(part, Kronecker):
            return self._variable("delta", sorted(names.get(i, i) for i in (part.first, part.second)))
        assert isinstance(part, Factor)
        index = [names.get(letter, letter) for letter in part.index]
        if isinstance(part.node, Constant):
            return self.ring.read(part.node.value)
        if isinstance(part.node, Map):
            return self.ring.apply(part.node.function, [self._closed(o, index) for o in part.node.operands])
        return self._variable(part.node, index)

    def _variable(self, what: object, index: Iterable[str]) -> Element:
        symmetric = what == "delta" or (isinstance(what, MatrixFunction) and is_symmetric(what))
        letters = tuple(sorted(index) if symmetric else index)
        if what == "delta" and letters[0] == letters[1]:
            return self.ring.one
        kind = Kind.CONSTANT if isinstance(what, _Sum) and what.positive else Kind.VARIABLE
        return self.ring.atom(self.ring.generator(kind, (what, letters)).number)

    def _closed(self, node: Node, index: Sequence[str]) -> Element:
        """An entry of a node, every sum in it an entry of its own, as the argument of a function."""
        closed = self.ring.add(
            self._closed_term(monomial, bound) * coefficient
            for value, bound in self.of(node)
            for monomial, coefficient in value.terms.items()
        )
        return self._renamed(closed, {f"^{axis}": letter for axis, letter in enumerate(index)})

    def _closed_term(self, monomial: int, sizes: Mapping[str, Size]) -> Element:
        """A product with each of its sums as an entry: Σ_jk a_i b_ij c_k = a_i (Σ_j b_ij) (Σ_k c_k)."""
        groups: list[tuple[set[str], list[tuple[int, Coefficient]]]] = []
        result = self.ring.one
        for number, exponent in self.ring.monomials[monomial]:
            bound, items = self._letters_of(number) & sizes.keys(), [(number, exponent)]
            if not bound:
                result = result * self.ring.raised(self.ring.generators[number], exponent)
                continue
            for group in [group for group in groups if group[0] & bound]:
                groups.remove(group)
                bound, items = bound | group[0], [*group[1], *items]
            groups.append((bound, items))
        for bound, items in groups:
            inside, names = self._least(self.ring.number(tuple(sorted(items))), sorted(bound), "~")
            inner = {names[letter]: sizes[letter] for letter in bound}
            ((number_, coefficient),) = self._single(inside)
            # The letters of the place are named anew as well, so that the sum is known at other places.
            places = sorted(self._letters_in(number_) - inner.keys())
            inside, names = self._least(number_, places, "^")
            ((number_, factor),) = self._single(inside)
            extents = tuple(inner[letter] for letter in sorted(inner, key=_place))
            what = _Sum(number_, extents, is_strictly_positive(inside))
            result = (
                result
                * self._variable(what, sorted(places, key=lambda letter: _place(names[letter])))
                * coefficient
                * factor
            )
        return result

    @staticmethod
    def _single(value: Element) -> list[tuple[int, Coefficient]]:
        if len(value.terms) != 1:
            raise UnsupportedError("canonical form: a product that other letters make a sum")
        return list(value.terms.items())

    def _opened(self, monomial: int) -> _Summed | None:
        """A product in which a sum that was closed is multiplied out; None if it has none."""
        for number, exponent in self.ring.monomials[monomial]:
            generator = self.ring.generators[number]
            if not _is_entry(generator) or not isinstance(generator.name[0], _Sum):
                continue
            if isinstance(exponent, int) and exponent > 0:
                what, index = generator.name
                bound = {f"~{n}": self._fresh() for n in range(len(what.sizes))}
                names = {**bound, **{f"^{place}": letter for place, letter in enumerate(index)}}
                inside = self._renamed(Element(self.ring, {what.monomial: 1}), names)
                rest = Element(self.ring, {monomial: 1}) * self.ring.raised(generator, -1)
                return rest * inside, dict(zip(bound.values(), what.sizes, strict=True))
        return None

    def _placed(self, monomial: int, sums: Mapping[str, Size]) -> _Summed | None:
        """A product without a selection that it does not need; None if it needs all."""
        powers = dict(self.ring.monomials[monomial])
        chosen = {
            number: item
            for number, power in powers.items()
            if isinstance(power, int) and power > 0 and (item := self._chosen(number)) is not None
        }
        often = next((number for number in chosen if powers[number] > 1), None)
        if often is not None:
            # It is 0 or 1.
            return self._product({**powers, often: 1}), dict(sums)
        times = Counter(letter for number in powers for letter in self._letters_of(number))
        found = needless(chosen, {letter for letter in sums if times[letter] == 1}) if chosen else None
        if found is None:
            return None
        value = self._product({number: power for number, power in powers.items() if number != found.gone})
        bound = {letter: size for letter, size in sums.items() if letter not in found.summed}
        names: dict[str, str] = {}
        for pair in found.equal:
            kept, gone = sorted((names.get(letter, letter) for letter in pair), key=bound.__contains__)
            if kept == gone:
                continue
            if gone in bound:
                del bound[gone]
                value = self._renamed(value, {gone: kept})
                names = {gone: kept, **{letter: kept if name == gone else name for letter, name in names.items()}}
            else:
                value = value * self._variable("delta", (kept, gone))
        return value, bound

    def _chosen(self, number: int) -> Chosen | None:
        generator = self.ring.generators[number]
        if not _is_entry(generator) or not isinstance(generator.name[0], Select):
            return None
        return Chosen(generator.name[0], generator.name[1])

    def _product(self, powers: Mapping[int, Coefficient]) -> Element:
        return Element(self.ring, {self.ring.number(tuple(sorted(powers.items()))): 1})

    def _variables(self, number: int) -> frozenset[int]:
        """The variables that a generator is made of."""
        found = self._inner.get(number)
        if found is None:
            generator = self.ring.generators[number]
            inner = (
                self._variables(n) for u in generator.arguments for m in u.terms for n, _ in self.ring.monomials[m]
            )
            found = frozenset({number}) if _is_entry(generator) else frozenset().union(*inner)
            self._inner[number] = found
        return found

    def _letters_of(self, number: int) -> set[str]:
        return {letter for n in self._variables(number) for letter in self.ring.generators[n].name[1]}

    def _letters_in(self, monomial: int) -> set[str]:
        return {letter for number, _ in self.ring.monomials[monomial] for letter in self._letters_of(number)}

    def _renamed(self, value: Element, names: Mapping[str, str]) -> Element:
        """The element with other letters."""
        inner = {n for m in value.terms for number, _ in self.ring.monomials[m] for n in self._variables(number)}
        values = {}
        for number in inner:
            what, index = self.ring.generators[number].name
            if any(names.get(letter, letter) != letter for letter in index):
                values[self.ring.atom(number)] = self._variable(what, [names.get(i, i) for i in index])
        return replaced(value, values) if values else value

    def _least(self, monomial: int, letters: Sequence[str], prefix: str) -> tuple[Element, dict[str, str]]:
        """The product with these letters called ~0, ~1, ..., in the order that gives the least name.

        Raises: UnsupportedError if there are too many orders.
        """
        signs = {letter: self._sign(monomial, letter) for letter in letters}
        alike = [list(group) for _, group in groupby(sorted(letters, key=signs.__getitem__), signs.__getitem__)]
        if prod(factorial(len(group)) for group in alike) > _MOST_ORDERS:
            raise UnsupportedError("canonical form: too many summed letters")
        value, made = Element(self.ring, {monomial: 1}), []
        for order in product(*map(permutations, alike)):
            flat = [letter for group in order for letter in group]
            names = {letter: f"{prefix}{n}" for n, letter in enumerate(flat)}
            made.append((self._renamed(value, names), names))
        return min(made, key=lambda item: sorted(item[0].terms))

    def _sign(self, monomial: int, letter: str) -> list[tuple[str, ...]]:
        """Where a letter occurs, whatever the names of the letters are."""
        found = []
        for number, exponent in self.ring.monomials[monomial]:
            for inner in self._variables(number):
                what, index = self.ring.generators[inner].name
                name = str(id(what)) if isinstance(what, Node) else str(what)
                kind = self.ring.generators[number].kind.name
                found += [(kind, str(exponent), name, str(p)) for p, other in enumerate(index) if other == letter]
        return sorted(found)
