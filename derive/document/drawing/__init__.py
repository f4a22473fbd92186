"""Pictures of computational graphs as values: what is drawn, where, and what is written on it. Nothing here draws."""
