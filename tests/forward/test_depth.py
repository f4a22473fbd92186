"""Deep networks: nothing recurses, and time grows with depth, not with its powers."""

import pickle
import time

import numpy as np
import pytest

import derive
from derive.engine.pattern import differentiate
from derive.forward.nodes import topological
from derive.rules.adjoint import reverse

DEPTH = 5000


def network(depth):
    def deep(X: "N D"):
        for _ in range(depth):
            X = np.tanh(X)
        return X

    return derive.layer()(deep)


def weighted(depth):
    def deep(X: "N D", W: "D D", b: "D"):
        for _ in range(depth):
            X = np.tanh(X @ W + b)
        return X

    return derive.layer()(deep)


def residual(depth):
    def deep(X: "N D"):
        for _ in range(depth):
            X = X + np.tanh(X)
        return X

    return derive.layer()(deep)


@pytest.fixture(scope="module")
def deep():
    return network(DEPTH)


def test_a_deep_graph_is_walked(deep):
    assert sum(1 for _ in topological(deep.output)) == DEPTH + 1


def test_a_deep_graph_is_written(deep):
    assert str(deep.output) == "tanh(" * DEPTH + "X" + ")" * DEPTH


def test_a_deep_graph_is_differentiated_both_ways(deep):
    gradient, steps = reverse(deep.output, deep.upstream, deep.inputs[0])
    assert gradient.shape == deep.inputs[0].shape
    assert len(steps) == DEPTH
    (term,) = differentiate(deep.output, deep.inputs[0])
    assert term.output == term.input == (0, 1)


def test_a_deep_graph_is_pickled(deep):
    assert pickle.loads(pickle.dumps(deep.output)) is deep.output


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.thorough
@pytest.mark.parametrize("work", [reverse, differentiate])
def test_time_grows_with_depth_alone(work):
    def run(layer):
        arguments = (
            (layer.output, layer.inputs[0])
            if work is differentiate
            else (
                layer.output,
                layer.upstream,
                layer.inputs[1],
            )
        )
        return min(seconds(lambda: work(*arguments)) for _ in range(2))

    # Four times the depth: sixteen times the time would be the square.
    assert run(weighted(1200)) < 10 * run(weighted(300))


def test_a_graph_that_forks_and_joins_again_has_few_terms():
    layer = residual(60)
    assert len(differentiate(layer.output, layer.inputs[0])) == 2


def test_forks_and_joins_are_differentiated_right():
    found = derive.derive(residual(3), {"N": 1, "D": 2}).wrt("X")
    assert found.evidence
    numbers = dict(zip(found.map.variables, (0.3, -0.7), strict=True))
    expected = []
    for x in (0.3, -0.7):
        slope = 1.0
        for _ in range(3):
            slope *= 1 + 1 - np.tanh(x) ** 2
            x = x + np.tanh(x)
        expected.append(slope)
    jacobian = np.array(found.jacobian.sympy().subs(numbers).evalf().tolist(), dtype=float)
    np.testing.assert_allclose(jacobian, np.diag(expected), rtol=1e-12)
