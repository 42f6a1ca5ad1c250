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
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs
from numba.np.ufunc import parallel

__all__ = [
    "AppDirs",
    "CacheBase",
    "CompileResult",
    "Compiler",
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
    "library": ("_codegen", "_final_module", "_finalized"),
    # The generator of code: which kind of library it makes, and for which processor.
    "codegen": ("_data_layout", "_library_class", "magic_tuple"),
    # One function's code and types: `cache` writes what the first makes, and reads with the second.
    CompileResult: ("_reduce", "_rebuild"),
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
