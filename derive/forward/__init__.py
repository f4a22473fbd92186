"""What a layer computes: sizes, the graph of nodes, and how NumPy-style code is traced into it."""
