"""The exercise of "TUM - I2DL - Matrix derivatives", section 4: affine, x², sum, with its loss and its gradients."""

import json
from pathlib import Path

import derive

network = derive.derive(derive.network("affine(2, bias=none) > square > sum"), n=2, d=2)
arrays = json.loads(Path(__file__).with_name("exercise.json").read_text())

# In the document Z is called y, and A is called f; both are values between stages.
numbers = {name: value.tolist() for name, value in network.evaluate(arrays).items()}
print(f"(a) loss value {numbers['y']}")
print(f"(b) dL/df      {numbers['dA']}")
print(f"(c) dL/dy      {numbers['dZ']}")
print(f"(d) dL/dX      {numbers['dX']}")
print(f"(e) dL/dW      {numbers['dW']}")

assert numbers["y"] == 52
assert numbers["dA"] == [[1, 1], [1, 1]]
assert numbers["dZ"] == [[2, 2], [10, 10]]
assert numbers["dX"] == [[4, 4], [20, 20]]
assert numbers["dW"] == [[20, 20], [32, 32]]
