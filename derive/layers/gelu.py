"""The Gaussian error linear unit."""

import numpy as np

from derive.forward.field import erf
from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer, let
from derive.locale import N_

_SIZES = (("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features")))
_PURPOSE = N_("There is nothing to learn here; {dX} becomes the upstream gradient of the previous layer.")

_EXACT = Prose(
    title=N_("Backpropagation through GELU"),
    sizes=_SIZES,
    forward=N_(
        "The Gaussian error linear unit multiplies every number by the probability that a standard normal variable is "
        "smaller. It looks like a ReLU whose corner has been rounded, and is the activation of BERT and GPT:"
    ),
    purpose=_PURPOSE,
    remarks=(
        Remark(
            N_(
                "The slope has two terms: the probability itself, and the number times the density of the normal "
                "distribution. It is 1/2 at 0, exceeds 1 a little for numbers about 1.4, and is negative below about "
                "minus 0.75, where the function has its minimum."
            )
        ),
    ),
)

_TANH = Prose(
    title=N_("Backpropagation through GELU, approximated by tanh"),
    sizes=_SIZES,
    forward=N_(
        "The Gaussian error linear unit, with the normal distribution function approximated by a hyperbolic tangent. "
        "It was made for speed, and remains because models were trained with it: GPT-2 is one:"
    ),
    purpose=_PURPOSE,
    remarks=(
        Remark(
            N_(
                "The gradient is that of the approximation and not an approximation of the gradient, so that forward "
                "and backward pass belong together. The values differ from the exact ones by less than 0.0005."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_EXACT, variant="approximate=none")
def gelu(X: "N D"):
    """Y = X Phi(X) with the normal distribution function Phi: the Gaussian error linear unit.

    Source: Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415; PyTorch documentation,
    torch.nn.GELU.
    """
    Phi = let("Phi", (1 + erf(X / np.sqrt(2))) / 2)
    return X * Phi


@layer(name="gelu", defaults="N=2 D=3", prose=_TANH, variant="approximate=tanh")
def gelu_tanh(X: "N D"):
    """Y = X (1 + tanh(√(2/π) (X + 0.044715 X³))) / 2: GELU, approximated by tanh.

    Source: Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415; PyTorch documentation,
    torch.nn.GELU with approximate="tanh".
    """
    T = let("T", np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)))
    return X * (1 + T) / 2
