"""Two sources that a person has read."""

from __future__ import annotations

import derive


def test_attention_as_a_torch_function(golden):
    golden("code/attention.torch.txt", derive.derive("attention").code("torch") + "\n")


def test_a_convolution_in_jax(golden):
    golden("code/conv1d.jax.txt", derive.derive("conv1d").code("jax") + "\n")
