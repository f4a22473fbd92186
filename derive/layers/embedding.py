"""An embedding: rows of a table, looked up."""

from derive.forward.layer import Prose, Remark
from derive.forward.trace import layer
from derive.locale import N_

_PROSE = Prose(
    title=N_("Backpropagation through an embedding"),
    sizes=(
        ("N", N_("word"), N_("words")),
        ("V", N_("entry of the vocabulary"), N_("entries of the vocabulary")),
        ("D", N_("feature"), N_("features")),
    ),
    forward=N_(
        "An embedding gives each word of a vocabulary a row of numbers, which are learnt. Row {i} of {X} has a 1 at "
        "the number of word {i} and zeros elsewhere, so that the product with the table {W} is that word's row:"
    ),
    purpose=N_(
        "{dW} changes the table. {dX} is the inner product of {G} with every row of the table; words are given, so "
        "nothing receives it."
    ),
    remarks=(
        Remark(
            N_(
                "In the gradient of the table each word adds its row of {G} to the row that it was looked up in: a "
                "word that occurs twice adds twice, and rows of words that do not occur stay 0. Code looks rows up by "
                "their number, `W[ids]`, and adds them by `np.add.at(dW, ids, G)`; the assignment `dW[ids] += G` would "
                "count repeated words once."
            )
        ),
    ),
    real_sizes=(("N", 512), ("V", 32000), ("D", 768)),
)


@layer(defaults="N=2 V=4 D=3", prose=_PROSE)
def embedding(X: "N V", W: "V D"):
    """Y = X W with a single 1 in every row of X: rows of a table, looked up.

    Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", JMLR 3 (2003); PyTorch
    documentation, torch.nn.Embedding.
    """
    return X @ W
