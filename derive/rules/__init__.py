"""Tables of rules: how gradients flow back through each node kind."""
