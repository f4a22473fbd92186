"""PDF engines: LaTeX source in, PDF bytes out. Imports nothing of derive but its errors.

An engine is one file with a find-function and one line in the table of engines.py.
"""

from derive.pdf.cache import cache_entries, cache_folder, cache_size, clear_cache
from derive.pdf.diagnosis import Report, diagnose
from derive.pdf.engine import Absent, Engine
from derive.pdf.engines import ENGINES, find_engine
from derive.pdf.typesetting import Typeset, typeset, typeset_with_log

__all__ = [
    "ENGINES",
    "Absent",
    "Engine",
    "Report",
    "Typeset",
    "cache_entries",
    "cache_folder",
    "cache_size",
    "clear_cache",
    "diagnose",
    "find_engine",
    "typeset",
    "typeset_with_log",
]
