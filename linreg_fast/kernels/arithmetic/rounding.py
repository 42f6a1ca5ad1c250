"""What rounding leaves, and which numbers have squares that can be trusted: each limit once.

They are relative to a sum of squares unless the line says otherwise. "Underflow" limits are
absolute: a sum of squares below one may have lost products to underflow.
"""

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)  # 2**-52, of a double

# Double-double sums. A pivot of a unit diagonal below the first is rounding noise, for up to so
# many columns; in proportion above.
DOUBLED_ROUNDING, DOUBLED_ROUNDING_COLUMNS = 2.0**-96, 8
SUBTRACTION_ROUNDING = (
    2.0**-90
)  # what taking rows out of moments may leave of a column that is gone
SUBTRACTION_LOST = 2.0**-100  # what it rounds of a sum of squares

# Underflow: plain sums of products; bounds of columns in double-double; the noise that moments
# carry; plain sums that a stream will be added to.
PLAIN_UNDERFLOW = 1e-270
NORM_UNDERFLOW = 1e-280
NOISE_UNDERFLOW = 1e-280
STREAM_UNDERFLOW = 1e-305  # above it products keep 18 digits and more

# Systems of few columns: sums of squares whose products with 32 digits are numbers, and the
# smallest relative pivot: one of 1e-16 is noise. (Down to 1e-8 two corrections leave nothing.)
SMALLEST_SQUARE, LARGEST_SQUARE = 1e-200, 1e200
SMALLEST_PIVOT = 1e-13

# Numbers whose squares have 32 digits; sizes and weights whose products stay within these bounds.
SAFE_SMALL, SAFE_LARGE = 1e-100, 1e100
SAFE_SIZES, SAFE_WEIGHTS = (1e-70, 1e70), (1e-60, 1e60)
WEIGHTS_APART = 1e-200  # lightest against heaviest row: beyond, orthogonal factors are better
RATIO_SMALLEST, RATIO_LARGEST = 1e-90, 1e90  # y / x**2 of such numbers is an ordinary number

# float32 sums: mean squares that neither overflow nor lose digits; the smallest weight's root; what
# equal weights, which round alike, add to the rounding.
FLOAT32_SMALLEST, FLOAT32_LARGEST = 1e-30, 1e30
FLOAT32_SUBNORMAL = np.finfo(np.float32).smallest_subnormal
FLOAT32_ROUNDING_OF_WEIGHTS = 2.0**-25
