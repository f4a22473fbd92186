"""The class on the page runs as printed: it finds sizes in the shapes of the arrays that it has."""

import numpy as np
import pytest

import derive
from derive.code import numpy_class
from derive.errors import UnsupportedError


def made(layer, **sizes):
    formulas = [gradient.formula for gradient in derive.derive(layer, sizes).gradients.values()]
    source = numpy_class(layer, formulas)
    namespace: dict[str, object] = {}
    exec(source, namespace)
    return source, namespace["Summed"]()


def test_a_size_is_found_in_an_axis_that_is_a_sum_of_sizes():
    def summed(X: "N 2*H+K-2", F: "K"):
        return X.sum(axis=1) * F.sum() / (X.shape[1] - F.shape[0] + 2)

    source, instance = made(derive.layer()(summed), N=2, H=3, K=4)
    assert "H = (X.shape[1] - (K - 2)) // 2" in source
    X, F = np.arange(16.0).reshape(2, 8), np.ones(4)
    np.testing.assert_allclose(instance.forward(X, F), X.sum(axis=1) * 4 / 6)
    dX, dF = instance.backward(np.array([1.0, 2.0]))
    np.testing.assert_allclose(np.broadcast_to(dX, X.shape), np.outer([1, 2], np.full(8, 4 / 6)))
    np.testing.assert_allclose(np.broadcast_to(dF, F.shape), (X.sum(axis=1) * [1, 2]).sum() / 6)


def test_a_size_is_found_in_an_axis_that_is_a_product_of_sizes():
    def summed(X: "H*K", w: "K"):
        return (X.sum() + w.sum()) / (X.shape[0] // w.shape[0])

    source, instance = made(derive.layer()(summed), H=3, K=2)
    assert "H = X.shape[0] // K" in source
    np.testing.assert_allclose(instance.forward(np.ones(6), np.ones(2)), 8 / 3)


def test_a_size_that_no_shape_tells_is_refused():
    def summed(X: "H+K"):
        return X / (X.shape[0] + X.shape[0] ** 2)

    layer = derive.layer()(summed)
    formulas = [gradient.formula for gradient in derive.derive(layer, H=3, K=2).gradients.values()]
    with pytest.raises(UnsupportedError, match="no shape of the arrays tells the size"):
        numpy_class(layer, formulas)


def test_a_function_for_one_gradient_computes_what_it_uses():
    assert derive.derive("affine").wrt("W").code("numpy") == (
        "import numpy as np\n\n"
        "def gradient_W(X, W, b, G):\n"
        '    """dL/dW (D, M).\n\n'
        "    G = dL/dY, shape (N, M).\n"
        "    X (N, D), W (D, M), b (M,).\n"
        '    """\n'
        "    return X.T @ G"
    )
    source = derive.derive("softmax", n=2, k=3).wrt("Z").code("numpy")
    scope: dict[str, object] = {}
    exec(source, scope)
    Z, G = np.array([[0.0, 1000.0, 0.0], [1.0, 1.0, -1000.0]]), np.array([[1.0, 2.0, 3.0], [4.0, 8.0, 2.0]])
    # S = (0, 1, 0) and (1/2, 1/2, 0), and S (G - rowsum(S G)).
    np.testing.assert_allclose(scope["gradient_Z"](Z, G), [[0, 0, 0], [-1, 1, 0]], atol=1e-12)
