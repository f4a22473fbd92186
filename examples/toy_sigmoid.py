"""The toy network of "TUM - I2DL - Matrix derivatives", section 4, question 1: affine, sigmoid, and a loss."""

import derive

network = derive.derive(derive.network("affine(3, bias=none) > sigmoid > sum"), n=2, d=2)

print("What the stages compute, and send back from the last on:")
for line in dict.fromkeys(line for gradient in network.gradients.values() for line in gradient.formula.statements):
    print(f"    {line}")

# The gradient of the sigmoid, given the upstream gradient dA, as the document asks for it.
sigmoid = network.stages[1]
assert str(sigmoid.sends[0]) == "dA * A * (1 - A)"

print("How the gradients were verified:")
for name, gradient in network.gradients.items():
    print(f"    d{name}: {', '.join(dict.fromkeys(item.strength.value for item in gradient.evidence))}")
