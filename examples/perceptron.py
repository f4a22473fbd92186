"""A network trained by gradient descent with the backward pass that is printed in its handout."""

import numpy as np

import derive

network = derive.derive(derive.network("affine(3) > sigmoid > affine(2) > mse"), n=8, d=2)
rng = np.random.default_rng(0)
arrays = {node.name: rng.normal(size=network.layer.shape(node, network.sizes)) for node in network.layer.inputs}
arrays["T"] = np.stack([np.sin(arrays["X"][:, 0]), arrays["X"].prod(axis=1)], axis=1)

losses = []
for _ in range(400):
    values = network.evaluate(arrays)
    losses.append(float(values["y"]))
    for name in ("W_1", "b_1", "W_2", "b_2"):
        arrays[name] = arrays[name] - 1.0 * values[f"d{name}"]

print(f"loss {losses[0]:.4f} before, {losses[-1]:.4f} after {len(losses)} steps")
assert losses[-1] < 0.2 * losses[0]
