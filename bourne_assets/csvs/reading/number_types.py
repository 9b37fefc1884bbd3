"""DuckDB's types of numbers, and what they hold without a loss.

Not here: which type a column is given (`column_types`), and on which files agree (`agreement`).
"""

import re

#: The usual types of whole numbers: columns have others only where they are declared.
INTEGERS = frozenset({"INTEGER", "BIGINT"})
#: A decimal number: all of its digits, and those behind the point.
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
#: As many digits as a DECIMAL may have.
DECIMAL_DIGITS = 38
#: Whole numbers up to this one are exact as DOUBLE.
EXACT_IN_DOUBLE = 2**53
