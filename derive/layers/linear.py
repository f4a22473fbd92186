"""The linear layer in PyTorch's layout: a row of weights for each output."""

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through a linear layer, weights as rows"),
    sizes=(
        ("N", N_("sample"), N_("samples")),
        ("D", N_("input feature"), N_("input features")),
        ("M", N_("output feature"), N_("output features")),
    ),
    forward=N_(
        "The layer is the affine layer with its weights the other way round, as `torch.nn.Linear` stores them: row {i} "
        "of {W} holds the weights that lead to output {i}. A weight matrix then has as many rows as there are outputs:"
    ),
    purpose=N_(
        "A step of gradient descent subtracts a multiple of {dW} and {db} from the parameters. {dX} becomes the "
        "upstream gradient of the previous layer."
    ),
    remarks=(
        Remark(
            N_(
                "Since {W} is transposed on the way forward, it is not on the way back, and the gradient of {W} is the "
                "transpose of that of an affine layer. Who has one of the two layouts in mind and the other in memory "
                "gets a product whose sizes do not fit, unless {D} and {M} are equal: then the numbers are wrong and "
                "nothing complains."
            )
        ),
    ),
    real_sizes=(("N", 64), ("D", 4096), ("M", 4096)),
)

_WITHOUT_BIAS = Prose(
    title=N_("Backpropagation through a linear layer without bias, weights as rows"),
    sizes=_PROSE.sizes,
    forward=N_(
        "Without a bias the layer, as `torch.nn.Linear(bias=False)` has it, multiplies every sample by a matrix whose "
        "row {i} holds the weights that lead to output {i}:"
    ),
    purpose=N_(
        "A step of gradient descent subtracts a multiple of {dW} from the weights. {dX} becomes the upstream gradient "
        "of the previous layer."
    ),
    real_sizes=_PROSE.real_sizes,
)


@layer(defaults="N=2 D=3 M=2", prose=_PROSE, variant="bias=vector")
def linear(X: "N D", W: "M D", b: "M"):
    """Y = X W.T + b: the affine layer in PyTorch's layout, a row of weights for each output.

    Source: PyTorch documentation, torch.nn.Linear.
    """
    return X @ W.T + b


@layer(name="linear", defaults="N=2 D=3 M=2", prose=_WITHOUT_BIAS, variant="bias=none")
def linear_none(X: "N D", W: "M D"):
    """Y = X Wᵀ: no bias.

    Source: PyTorch documentation, torch.nn.Linear with bias=False.
    """
    return X @ W.T
