"""Every block size and crossover of the kernels, what it bought, on which shape and processor.

Sizes that depend on the width of the registers stand as `_by_width(AVX2, AVX-512)`. Gains were
measured on Zen 3 (AVX2) unless the line says otherwise, as the time of the part that the size
decides; a commit names the change that set it. `python benchmarks/tune.py` measures each row
again, here and now. Sizes of the runtime (blocks, turns, BLAS) stand in `runtime/tuning.py`.
"""

import llvmlite.binding

from linreg_fast.runtime.numba_internals import configured


def _compiles_avx512():
    """Whether code is compiled for registers of eight doubles.

    The cache is keyed by the processor and its features, so code for another one is never run.
    Where NUMBA_CPU_FEATURES names the features (of code that is compiled in one place and run in
    many), they decide the sizes too: this machine may have more.
    """
    named = configured("CPU_FEATURES")
    if named is None:
        return bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))
    return "+avx512f" in named


AVX512 = _compiles_avx512()


def _by_width(avx2, avx512):
    return avx512 if AVX512 else avx2


WIDE = _by_width(4, 8)

# --- the register tile (tiles/microkernel.py, tiles/macrokernel.py)
# Sums of 3 vectors x 8 rows are 24 of the 32 registers of AVX-512, of 3 x 4 are 12 of the 16 of
# AVX2; two multiply-adds at a time, each four cycles long, want eight of them.
TILE_ROWS, TILE_PANELS = _by_width(4, 8), 3
# Rows in one round of the loop, which requests memory once and counts once: ten instructions beside
# the nineteen of each row. Tiles in the first cache, while a neighbour has the other half of the
# core: 86% of the multiply-add rate, and 72% with two rows to a round. Eight rows: no more.
ROUND_ROWS = 4
PANELS_IN_L2 = 24  # panels that stay in L2 while the others stream past: 300 columns 6%

# --- packed pieces of rows (moments/packed.py, tiles/packing.py)
PACKED_ROWS = 256  # 128: sums are joined too often; 192: no faster
# Longer pieces for few columns, where they still leave half of L2, if there are so many rows that
# the error of the sums, k / sqrt(n) for k rows in each, is no larger than elsewhere: 10 columns 8%.
LONG_PACKED_ROWS, LONG_MOST_COLUMNS, LONG_FEWEST_ROWS = 512, 48, 1 << 16
PACKING_ROWS = 8  # rows packed at a time: four take 4 to 40% longer, sixteen no less
PACKING_TARGET_AHEAD = 256  # rows of the target that are prefetched while rows are packed

# --- prefetching (tiles/prefetch.py, arithmetic/memory.py)
ROWS_AHEAD = 768  # numbers, of rows in C order: the processor alone stops at the end of a page
RUN_LINES = 32  # lines of one column requested one after the other; a power of two
PANELS_PER_TILE_TIME = 3  # panels that are packed in the time of one tile, for as many rows

# --- hundreds of columns (moments/shared.py)
SHARED_FEWEST_COLUMNS = 700  # 20,000 x 1000: 1.18 to 1.27 (b95e3c2), half the memory (8e4cb07)
SHARED_ROWS = 512  # with 256 the sums are read and written too often: a tenth
SHARED_PART_ROWS = 32  # rows that one thread packs at a time

# --- rows of at most two vectors (moments/unpacked.py)
UNPACKED_PANELS = 2  # the sums and the row itself fill the registers
UNPACKED_RING_ROWS = WIDE  # rows that are written so far ahead of those multiplied
# Rows whose sums are plain, then joined in double-double: the error is that of so few rows. Half as
# many cost 1.16 times the time, 500k x 10 (AVX-512, busy); more gain nothing.
UNPACKED_ROWS = 256
# Rows of the target. Not to prefetch them costs as much as not to prefetch the rows beside them
# (five columns).
UNPACKED_AHEAD = 256

# --- one column (moments/one_column.py, steps/one_column.py)
ONE_COLUMN_ROWS = 1024  # 16 KB of x and y: 50,000 x 1 107 to 20 us in all (4b63283)

# --- float32 sums (moments/float32.py, solvers/float32.py)
FLOAT32_FEWEST_COLUMNS = 24  # below, packing takes as long as the products; 1.3 to 1.9 (ea3158f)
FLOAT32_FEWEST_PRODUCTS = 10_000_000  # 0.1 ms: below, there is nothing to be saved
FLOAT32_ROWS = 128  # three panels of them are half of a first cache of 48 KB
FLOAT32_SAMPLE_ROWS = 64  # more than one pair of them is equal where a column has under 700 values
FLOAT32_MOST_TARGETS = 3  # each may want a pass of its own over the rows
FLOAT32_COMPILED_COLUMNS = 128  # up to here `systems.small` takes no longer than calls of LAPACK

# --- double-double sums (moments/doubled.py, tiles/packing_columns.py)
DOUBLED_ROWS = 256  # 2 KB a column; with 128 a third of the time went to joins
DOUBLED_GROUP_COLUMNS = 24  # hi and lo 96 KB: stay in L2 while all the others stream past
DOUBLED_FEW_ROWS = 128  # a digit more costs them less than 20 us

# --- few contiguous columns (moments/columnwise.py)
# Columns of [X, y, 1] of which DOUBLED_ROWS rows fit the first cache. AVX-512, one core: 10.1 to
# 4.6 ns a row of 16,384 x 10 in the second cache, 10.4 to 6.8 from memory; of 30 columns no less
# than by `packed`. AVX2: as `packed`; of 5 columns in the cache 4.0 ns, where rows transposed took
# 3.2.
COLUMNWISE_COLUMNS = 16
COLUMNWISE_SIDE = _by_width(3, 4)  # columns by as many: 9 or 16 sums, of 16 or 32 registers
COLUMNWISE_ROWS = 1024  # whose sums are plain, in WIDE lanes each, then joined in double-double
COLUMNWISE_AHEAD = 2 * DOUBLED_ROWS  # rows that are prefetched: those after the next piece

# --- refinement (steps/residuals_by_rows.py)
# Numbers of rows in C order whose residuals are found, and then multiplied with them: 24 KB, in the
# first cache. Packed into columns, a pass over 200,000 x 50 took 1.5 times as long (AVX-512).
REFINED_ELEMENTS = 3 << 10

# --- groups of rows (moments/rows_in_lanes.py)
# Rows that are copied to a buffer, whose products are added with sums in registers. With 32 and 128
# 10,000 groups of 20 rows of 3 columns take 0.90 and 0.96 of the time, within noise (Zen 4).
GROUP_ROWS = 64
GROUP_AHEAD = 64  # rows fetched ahead where those of a group lie apart
# Numbers of X that copies of it hold, one for each of the targets fitted at a time (fit_targets).
TARGET_COPY_ELEMENTS = 1 << 20

# --- moving windows (moments/windows.py)
# Records of rows that are kept in full, the rest being made again: 0.5 MB for five columns. Windows
# of so many rows need no second pass over them.
WINDOW_CHUNK = 512
WINDOW_FEWEST = 2048  # windows of one stretch, whose first window is summed anew; a few ms
WINDOW_LAUNCH, WINDOW_FEWEST_LAUNCHED = 32, 8  # stretches of one launch
# Cost of a window beside q^2 for q columns and target, in the same unit of 16 ns, and what a call
# may cost: 0.1 s of one core (EPYC). Longer launches have turns, between which Ctrl-C is answered.
WINDOW_COST, WINDOW_CALL = 100, 6_000_000
WINDOW_TABLES = 1 << 23  # numbers of the records that stay between turns: 64 MB

# --- single columns (moments/screening.py)
# Pieces of rows that a thread reads at a time. With blocks of 470 columns and strips of 4 rows
# 2,000 x 30,000 took 1.3 times as long as with these (AVX-512, one core).
SCREEN_COLUMNS = 4096
SCREEN_FEWEST_BLOCKS, SCREEN_FEWEST_COLUMNS = 8, 64  # for machines of many cores; of a block
# Numbers of a whole column requested early: those of the next four columns, where n is below it.
# With 512 the 2,000 x 20,000 of F order took 1.3 times as long as with 2,000 (AVX-512, busy).
SCREEN_AHEAD = 2048
SCREEN_STRIP = 8  # rows whose sums stay in registers
SCREEN_ROWS = 256  # whose sums are plain, then joined in double-double
SCREEN_RUN = WIDE * SCREEN_ROWS  # of a whole column: every lane of a vector has its own sum
SCREEN_LAUNCH_ELEMENTS = 1 << 26  # between two looks at Ctrl-C: 512 MB
SCREEN_WEIGHTED_ELEMENTS = 1 << 17  # numbers of weighted columns made at a time: 1 MB
SCREEN_MOST_VECTORS = 8  # targets and covariates of one pass

# --- leaving out one row (many_fits/leave_out.py)
# Numbers of rows, times the penalties, whose leverages are computed at a time: 4 MB; the fewest
# rows. 100,000 x 10 with 50 penalties took 20 times as long penalty by penalty (AVX-512).
LEAVE_OUT_ELEMENTS, LEAVE_OUT_ROWS = 1 << 19, 64

# --- rows of files and streams (sources/)
# Rows that are read and summed at a time: 6 MB of 11 columns. 16k take half as long again, a
# million no less and more memory (Parquet of 11 columns, two shared cores). Of many columns fewer.
SOURCE_ROWS, SOURCE_ELEMENTS = 1 << 16, 1 << 21
# Numbers of a block of few columns. With a quarter of them, what is done once a block took a tenth
# of the processor time of a fit (2 M x 11, snappy, EPYC); that they stay in L2 gained nothing.
SOURCE_BLOCK_ELEMENTS = 1 << 20
# Batches that are read before one of them is summed. With one, the reader began the next when the
# last was taken, and waited for Python: 1.11 times as long (2 M x 11, snappy, plain sums, EPYC).
SOURCE_AHEAD = 2
# A block of fewer columns is summed by one thread, beside the one that decodes: threads that wait
# for each other took four times as long on a busy machine.
SOURCE_LAUNCH_COLUMNS = 48
# Features of a Parquet file from which plain sums are taken first, and double-double ones in a
# second reading where those lack digits: fits took 0.8 times the CPU seconds with 64 and 100
# columns, 0.55 times with 400 (zstd, two shared cores of an EPYC).
SOURCE_PLAIN_COLUMNS = 64

# --- before and after a pass (moments/centre.py, moments/finish.py)
CENTRE_ROWS = 33  # sampled for the provisional centre: an odd number, of which the median is taken
ONE_CALL_CENTRE_ROWS = 12  # of small data, four medians of three: 33 take 2 us longer at 442 x 10
ONE_CALL_KEPT_COLUMNS = 64  # whose workspace, 200 KB, a thread keeps for its next small fit
WEIGHTS_PIECE = 256  # weights that are added up before a row is looked for among them
FINISH_BLOCKS = 4  # of sums in blocks, one below the other, that are made rows at a time
MIRROR_ROWS = 32  # rows and columns of a piece that is mirrored: 8 KB, and as much again

# --- steps and predictions (steps/)
COLUMN_STEP_ELEMENTS = 1 << 15  # 256 KB of doubles: a piece of all columns stays in L2
COLUMN_STEP_FEWEST_ROWS, COLUMN_STEP_MOST_ROWS = 64, 2048
STEP_TARGET_AHEAD = 512  # numbers of the target that are prefetched, beside the rows
PREDICT_BLAS_TARGETS = 16  # from here on a product of matrices, which BLAS does better
PREDICT_ROWS, PREDICT_COLUMN_ROWS = 256, 2048  # of a column some pages, so that it is read ahead
PREDICT_CALL_PRODUCTS = 1_000_000_000  # multiply-adds of one product, so that Ctrl-C is answered
PREDICT_TEMPORARY_ELEMENTS = 1 << 20
WHOLE_ROWS = 2048  # of each column of whole numbers, one after the other: in a first cache
SCORE_COMPENSATED_ELEMENTS = 1 << 15  # residuals in double-double take less than 0.2 ms

# --- one more read of the rows (second_pass/)
# Eleven coordinates and ten columns of them are 21 KB, two thirds of a first cache.
SECOND_PASS_ROWS = 64
# How many rows ahead the sums of a row's cluster are prefetched, and from what size of the table of
# clusters on. 1,000,000 x 10, 100,000 clusters in any order: 7.8 to 2.7 fits (Zen 4).
SECOND_PASS_AHEAD = 16
SECOND_PASS_TABLE = 1 << 16
# Up to how many lags Newey-West's sums are added up lag by lag: of 1,000,000 x 10 the pass takes
# 3.2 fits with 1 lag, 3.4 with 4, 4.4 with 24, 7 with 64; running sums take 4.4 with any (Zen 4).
SECOND_PASS_LAGS = 24
SECOND_PASS_PIECE = 1 << 20  # numbers of rows that are made dense, or float64, at a time: 8 MB

# --- descents (descent/, solvers/gradient_descent/)
DESCENT_BLOCK = 8  # coordinates that a step takes together
MINIBATCH_AHEAD = 16  # random rows are not in the cache: 100,000 x 8 8.2 to 1.6 ms
BATCH_ROWS = 32
STREAM_CALL_STEPS = 32  # steps of a stream in one call, where its rows are as many
BATCH_CALL_ELEMENTS = 1e7  # numbers of mini-batches in one compiled call: 0.1 s
DESCENT_CALL_FLOPS = 1e8  # a compiled call ends after about 0.1 s, so that Ctrl-C is answered
DESCENT_CHUNK_STEPS = 1 << 18
DESCENT_CHECK_STEPS = 2000
DESCENT_LOOK_AHEAD_STEPS = 200_000  # 10 ms for ten columns

# --- many targets (solvers/many_targets.py)
MANY_TARGETS = 64  # from here on, and in chunks of so many: their own products would cost more
# Rows whose sums are joined, of two vectors of targets in a first cache, and how many such pieces
# are joined there before the sums of all targets are touched. Y is read a line here and a line
# there, which no processor foresees: to pack 200 x 20,000 took 4.9 ms without prefetching, 1.5 with
# it. 200 x 5 with 20,000 targets, sums on one thread: 6.8 to 4.8 ms (Zen 4).
TARGET_ROWS, TARGET_PIECES = 64, 4
TARGETS_AHEAD = 8 * WIDE  # targets of C order that are prefetched in each of the rows
SOLVED_COLUMNS = 64  # of more, the inverse is multiplied by tiles, not target by target
FEWEST_TARGETS_APART = 16  # whose moments are summed together, of few columns

# --- systems and factors (systems/, data/, solvers/)
SMALL_SYSTEM_COLUMNS = 32  # above, LAPACK wins, despite about 30 us of Python calls around it
NORM_ELEMENTS = 1 << 18  # numbers whose sizes are summed at a time: no large temporary
QR_BLOCK_ROWS = 4096  # or four times the columns: QR by blocks then costs 1.25 times one QR
NULL_SPACE_COLUMNS = 100  # of fewer, null directions cost nothing
ZERO_ROWS_SHARE = 0.8  # of a triangle's rows: with fewer that are not zero, those are left out
WIDE_MANY_COLUMNS = 500  # hi and lo cross-products of fewer take 4 MB, and are kept
SPARSE_MOST_COLUMNS = 2000  # hi and lo cross-products of so many take 64 MB
FINITE_CHECK_ELEMENTS = 1 << 20  # a boolean temporary of 1 MB at the most
WEIGHTS_CHECK_ELEMENTS = 1 << 16

# --- the fast path (solvers/fast_path.py)
# Up to so many rows, and `precision.FREE_PRODUCTS`, double-double takes as long as all else.
FAST_DOUBLED_ROWS = 128  # 38 to 24 us, first fit 11 to 6 s (7dde31b)
FAST_DOUBLED_AGAIN = 1 << 18  # n (p + 2) (p + 7): double-double takes so many ns, as does Problem
# One block: from here on threads help. One column is read at the speed of memory by one thread.
FAST_MOST_ELEMENTS, FAST_MOST_OF_ONE_COLUMN = 1 << 17, 1 << 18  # 442 x 10 sums 30 to 5 us (ff557b3)
