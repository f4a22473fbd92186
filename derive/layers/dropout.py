"""Dropout with a given mask."""

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through dropout"),
    sizes=(("N", N_("sample"), N_("samples")), ("D", N_("feature"), N_("features"))),
    forward=N_(
        "Dropout switches features off at random while a network is trained, so that none relies on another. The mask "
        "{M}, drawn anew for every batch, holds 1 for what is kept and 0 for what is dropped; here half is kept, and "
        "multiplied by 2, so that the average stays what it was:"
    ),
    purpose=N_(
        "{dX} becomes the upstream gradient of the previous layer. The mask is drawn and not learnt; {dM} says how "
        "much the loss would change by letting a feature through."
    ),
    remarks=(
        Remark(
            N_(
                "With the mask given the layer is linear, and the way back is the way forward: the same mask and the "
                "same factor. Drawing a new mask for the backward pass is a mistake that no shape reveals."
            )
        ),
    ),
)


@layer(defaults="N=2 D=3", prose=_PROSE)
def dropout(X: "N D", M: "N D"):
    """Y = 2 X * M: dropout of half the features, with the mask given.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent neural
    networks from overfitting", JMLR 15 (2014); PyTorch documentation, torch.nn.Dropout, for the factor.
    """
    return 2 * (X * M)
