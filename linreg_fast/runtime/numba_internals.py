"""Every name of Numba and llvmlite that their documentation does not promise, in one room.

Other files import such names from here. They import themselves what the documentation shows to
those who extend Numba: `numba.extending`, `numba.core.types`, `numba.core.cgutils`, `llvmlite.ir`
and `llvmlite.binding`. When a new Numba has moved or dropped something, the tests of this module
say which name it is; what that name is used for stands here.
"""

import numba
from numba.core.caching import _Cache as CacheBase
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.cpu import CPUTargetOptions
from numba.core.dispatcher import Dispatcher
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs
from numba.np.ufunc import parallel

__all__ = [
    "AppDirs",
    "CacheBase",
    "CPUTargetOptions",
    "CompileResult",
    "Compiler",
    "Dispatcher",
    "JITCodeLibrary",
    "dumps",
    "global_compiler_lock",
    "rtsys",
]

# What is read, called or replaced on objects of theirs: {owner: its names}.
ATTRIBUTES: dict = {
    # The code of one function: `link` makes some that are linked into others and never run.
    JITCodeLibrary: (
        "_ensure_finalized",
        "_finalize_dynamic_globals",
        "_finalize_final_module",
        "_get_module_for_linking",
        "_optimize_final_module",
        "_optimize_functions",
        "_unserialize",
        "enable_object_caching",
        "get_pointer_to_function",
        "has_dynamic_globals",
        "serialize_using_object_code",
    ),
    # Set by JITCodeLibrary when it is made, so not on the class.
    "library": ("_codegen", "_final_module", "_finalized", "_shared_module"),
    # The generator of code: which kind of library it makes, and for which processor.
    "codegen": ("_data_layout", "_library_class", "_tm", "magic_tuple"),
    # One function's code and types: `cache` writes what the first makes, and reads with the second.
    CompileResult: ("_reduce", "_rebuild"),
    # Where options of a function become flags: line tables are asked for there.
    CPUTargetOptions: ("finalize",),
    # The compiler that compiles one function.
    Compiler: ("compile_extra",),
    # A compiled function: `compile` gives it a cache and wraps how it compiles.
    "dispatcher": ("_cache", "compile", "py_func", "stats", "targetoptions"),
    # Two compilations at a time are not safe; a fork in the middle of one is not either.
    global_compiler_lock: ("_lock", "acquire", "is_locked", "release"),
    # Memory for arrays made by compiled code, without which none can be loaded.
    rtsys: ("initialize",),
    # Whether Numba's threads have been started, in this process or in one that it was forked from.
    parallel: ("_is_initialized",),
}


def configured(name):
    """A setting of Numba's, such as CACHE_DIR or DISABLE_JIT: they are set by exec, for no type."""
    return vars(numba.config)[name]


def threads_started():
    return parallel._is_initialized


def assembly(library):
    """The listing of a function's code; "" where this Numba keeps none.

    Code from the cache has no listing, but the optimised module is kept beside it, and the target
    machine writes it down again in a tenth of a second.
    """
    try:
        module = getattr(library, "_shared_module", None)
        if module is None:
            module = library._get_module_for_linking()
        return library._codegen._tm.emit_assembly(module)
    except (AttributeError, RuntimeError):
        return ""


def ask_for_line_tables():
    """All that is compiled from now on knows its source lines, and is the same code otherwise.

    NUMBA_DEBUGINFO would also check bounds and keep variables alive: another loop.
    """
    finalize = CPUTargetOptions.finalize

    def finalize_with_lines(self, flags, options):
        flags.debuginfo = flags.dbg_directives_only = True
        flags.boundscheck = flags.dbg_extend_lifetimes = False
        finalize(self, flags, options)

    CPUTargetOptions.finalize = finalize_with_lines
