"""Networks: stages one after another, read from text and put together to one layer."""
