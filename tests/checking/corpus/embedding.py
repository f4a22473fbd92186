"""Backward functions of an embedding: rows of W picked by whole numbers."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.checking.case import RIGHT, WRONG, Case, Witness

SHAPES = {"W": "V D", "i": "N in V"}
TYPICAL = {"N": 3, "V": 8, "D": 4}


def forward(W, i):
    return W[i], (W.shape, i)


class Embedding:
    """Keeps the words on self."""

    def forward(self, W, i):
        self.W, self.i = W, i
        return W[i]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.i, dout)
        return self.dW


def backward_words(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    for n in range(dY.shape[0]):
        dW[i[n]] += dY[n]
    return dW


def backward_one_hot(dY, cache):
    shape, i = cache
    hot = np.eye(shape[0])[i]
    return hot.T @ dY


def backward_compared(dY, cache):
    shape, i = cache
    chosen = np.arange(shape[0])[:, None] == i[None, :]
    return np.einsum("vn,nd->vd", np.where(chosen, 1.0, 0.0), dY)


def backward_buffered(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    dW[i] += dY
    return dW


def backward_by_frequency(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    np.add.at(dW, i, dY)
    counts = np.zeros(shape[0])
    np.add.at(counts, i, 1)
    return dW / np.maximum(counts, 1)[:, None]


def backward_padding_word(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    np.add.at(dW, i, dY)
    dW[0] = 0
    return dW


def backward_next_word(dY, cache):
    shape, i = cache
    dW = np.zeros(shape)
    np.add.at(dW, (i + 1) % shape[0], dY)
    return dW


def forward_keeping_words(W, i):
    return W[i], (W, i)


def backward_popular(dY, cache):
    W, i = cache
    dW = np.zeros_like(W)
    np.add.at(dW, i, dY)
    dW[np.bincount(i, minlength=W.shape[0]) > 3] /= 2
    return dW


case = partial(Case, shapes=SHAPES, typical=TYPICAL, inputs={"i": [3, 5, 1]})
TWICE = {"N": 2, "V": 1, "D": 1}

CASES = (
    case(
        "embedding/on_self",
        Embedding.backward,
        Embedding.forward,
        RIGHT,
        "added at the words, kept on self and returned",
        "np.add.at, class",
        owner=Embedding,
    ),
    case("embedding/words", backward_words, forward, RIGHT, "word by word", "loop over samples"),
    case("embedding/one_hot", backward_one_hot, forward, RIGHT, "one-hot rows, transposed", "matrix product"),
    case("embedding/compared", backward_compared, forward, RIGHT, "a mask of the words, made by ==", "mask, einsum"),
    case(
        "embedding/buffered",
        backward_buffered,
        forward,
        WRONG,
        "of a word that comes twice only the last place counts: += through an index does not add up",
        "repeated index",
        witness=Witness(wrt="W", sizes=TWICE, upstream=1.0, by=0.9),
    ),
    case(
        "embedding/by_frequency",
        backward_by_frequency,
        forward,
        WRONG,
        "divided by how often a word comes",
        "mean for sum",
        witness=Witness(wrt="W", sizes=TWICE, upstream=1.0, by=0.9),
    ),
    case(
        "embedding/padding_word",
        backward_padding_word,
        forward,
        WRONG,
        "word 0 is taken for padding",
        "branch never visited",
        witness=Witness(wrt="W", sizes={"N": 1, "V": 1, "D": 1}, upstream=1.0, by=0.9),
    ),
    case(
        "embedding/next_word",
        backward_next_word,
        forward,
        WRONG,
        "the row after the word's own",
        "off by one",
        witness=Witness(wrt="W", sizes={"N": 1, "V": 2, "D": 1}, upstream=1.0, by=0.9),
    ),
    Case(
        "embedding/popular",
        backward_popular,
        forward_keeping_words,
        WRONG,
        "half for words that occur more than three times",
        "np.add.at",
        shapes=SHAPES,
        typical={"V": 5, "D": 3, "N": 4},
        witness=Witness(wrt="W", sizes={"V": 2, "D": 1, "N": 4}, arrays={"i": [1, 1, 1, 1]}, by=0.05),
    ),
)
