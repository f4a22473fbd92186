"""The SymPy engine, one verb a file, at concrete sizes: vectorize, jacobian, chain, reshape."""

from derive.engine.chain import ChainRule, chain
from derive.engine.jacobian import Jacobian, jacobian
from derive.engine.reshape import Reshaped, reshape
from derive.engine.vectorize import VectorMap, vectorize

__all__ = ["ChainRule", "Jacobian", "Reshaped", "VectorMap", "chain", "jacobian", "reshape", "vectorize"]
