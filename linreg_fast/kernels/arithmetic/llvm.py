"""Pieces of LLVM code that several kernels emit: loads, stores, broadcasts, transposition."""

from llvmlite import ir

ALIGNMENT = 8  # bytes: NumPy promises no more for an element
LANE = ir.IntType(32)
BYTE = ir.IntType(8).as_pointer()


def emit_data(context, builder, signature, arguments, k):
    """Where the numbers of the k-th argument, an array, begin."""
    return context.make_array(signature.args[k])(context, builder, arguments[k]).data


def emit_load(builder, pointer, offset, count, single=False):
    """A vector from an offset on, converted to doubles unless `single`."""
    element = pointer.type.pointee
    place = builder.bitcast(
        builder.gep(pointer, [offset]), ir.VectorType(element, count).as_pointer()
    )
    value = builder.load(place)
    if element == ir.DoubleType():
        value.align = ALIGNMENT
        return value
    value.align = ALIGNMENT // 2
    return value if single else builder.fpext(value, ir.VectorType(ir.DoubleType(), count))


def emit_store(builder, vector, pointer, alignment=ALIGNMENT):
    """Write a vector to where a pointer to its first number points."""
    place = builder.bitcast(pointer, vector.type.as_pointer())
    builder.store(vector, place).align = alignment


def emit_transposed(builder, rows):
    """The transpose of a square of vectors: rows in, columns out.

    Blocks of half the size change places, then blocks of a quarter, down to numbers.
    """
    rows, count = list(rows), len(rows)
    half = count // 2
    while half:
        first = [k if not k & half else k - half + count for k in range(count)]
        second = [k + half if not k & half else k + count for k in range(count)]
        for i in (i for i in range(count) if not i & half):
            a, b = rows[i], rows[i + half]
            rows[i] = emit_shuffled(builder, a, b, first)
            rows[i + half] = emit_shuffled(builder, a, b, second)
        half //= 2
    return rows


def emit_shuffled(builder, a, b, lanes):
    """The numbers at these places of a and b, counted one after the other."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(LANE, len(lanes)), list(lanes)))


def emit_broadcast(builder, number, count):
    """A number in every place of a vector."""
    nothing = ir.Constant(ir.VectorType(number.type, count), ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(LANE, 0))
    return emit_shuffled(builder, first, nothing, [0] * count)


def emit_fma(builder, a, b, c):
    """LLVM's fused multiply-add of numbers or vectors."""
    return emit_call(builder, "fma", a, b, c)


def emit_call(builder, name, *arguments):
    """One of LLVM's functions of numbers or vectors of one type, such as sqrt."""
    kind = arguments[0].type
    element = kind.element if isinstance(kind, ir.VectorType) else kind
    bits = "f32" if element == ir.FloatType() else "f64"
    lanes = f"v{kind.count}" if element is not kind else ""
    name = f"llvm.{name}.{lanes}{bits}"
    function = builder.module.globals.get(name)
    if function is None:
        signature = ir.FunctionType(kind, [kind] * len(arguments))
        function = ir.Function(builder.module, signature, name)
    return builder.call(function, arguments)
