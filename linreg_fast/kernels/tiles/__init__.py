"""The matrix engine: packing, transposing, prefetching, macrokernel and microkernels."""
