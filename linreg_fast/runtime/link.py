"""Machine code for what Python calls; all else is kept as LLVM has it, for its callers.

Numba makes machine code of every function by itself, and of all that it calls once more; of a loop
with threads three times, as the loop, as what a thread calls, and as a part of its function. All of
it but the last is thrown away. Without, and without optimising before all is together, a first fit
takes three quarters of the time to compile.
"""

import contextlib

import llvmlite.binding
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompileResult

KIND = "to be linked"


class _Addresses:
    """What Numba asks of a code generator once code is ready: there are no addresses to fill."""

    @staticmethod
    def set_env(name, environment):
        """The environment serves Python objects, of which these functions have none."""


class Library(JITCodeLibrary):
    """One function's code, to be linked into others' and to be run nowhere else."""

    codegen = _Addresses

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        """Later, with the caller."""

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        self._ensure_finalized()
        return 0

    def serialize_using_object_code(self):
        self._ensure_finalized()
        return self.name, KIND, self._get_module_for_linking().as_bitcode()

    @classmethod
    def _unserialize(cls, codegen, state):
        name, _, bitcode = state
        found = cls(codegen, name)
        found._final_module = llvmlite.binding.parse_bitcode(bitcode)
        found._finalize_final_module()
        return found


@contextlib.contextmanager
def _making(codegen, kind):
    """Have this kind of library made, by whoever asks for one: the compiler is ours meanwhile."""
    before = vars(codegen).get("_library_class", type(codegen)._library_class)
    codegen._library_class = kind
    try:
        yield
    finally:
        codegen._library_class = before


class _Pipeline(Compiler):
    """Numba's, with a library of some kind; what else is compiled on the way is only linked."""

    kind: type

    def compile_extra(self, func):
        codegen = self.state.targetctx.codegen()
        self.state.library = self.kind(codegen, func.__qualname__)
        self.state.library.enable_object_caching()
        with _making(codegen, Library):
            return super().compile_extra(func)


class Called(_Pipeline):
    """For a function that Python calls."""

    kind = JITCodeLibrary


class Linked(_Pipeline):
    """For a function that compiled ones alone call."""

    kind = Library


def rebuilt(context, parts):
    """What `CompileResult._reduce` made these parts of."""
    with _making(context.codegen(), Library if parts[0][1] == KIND else JITCodeLibrary):
        return CompileResult._rebuild(context, *parts)
