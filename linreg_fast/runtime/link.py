"""Only functions that Python calls become machine code; all others are linked as LLVM bitcode.

Numba by itself makes machine code of every function, and of everything that it calls once more; of
a loop with threads three times, as the loop, as what a thread calls, and as a part of its function.
All but the last is thrown away. Not making it, and optimising only once everything is together,
takes a quarter off the time that a first fit compiles.
"""

import contextlib

import llvmlite.binding

from linreg_fast.runtime.numba_internals import Compiler, CompileResult, JITCodeLibrary

KIND = "to be linked"


class _Addresses:
    """The code generator as Numba sees it once code is ready: there are no addresses to fill."""

    @staticmethod
    def set_env(name, environment):
        """Numba stores an environment pointer for code that uses Python objects; this uses none."""


class Library(JITCodeLibrary):
    """One function's code, to be linked into others' and to be run nowhere else."""

    codegen = _Addresses

    def _optimize_functions(self, ll_module):
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self):
        """It is optimised later, together with its caller."""

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
    """Make every library that is asked for of this kind; the compiler is ours meanwhile."""
    before = vars(codegen).get("_library_class", type(codegen)._library_class)
    codegen._library_class = kind
    try:
        yield
    finally:
        codegen._library_class = before


class _Pipeline(Compiler):
    """Numba's pipeline, with a library of some kind; what it compiles on the way is only linked."""

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
    """The inverse of `CompileResult._reduce`."""
    with _making(context.codegen(), Library if parts[0][1] == KIND else JITCodeLibrary):
        return CompileResult._rebuild(context, *parts)
