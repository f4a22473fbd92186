"""PyTorch's Functions and Modules on symbols: what is checked of them, and what stands for torch meanwhile."""
