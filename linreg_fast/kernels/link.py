"""Code of functions that compiled ones alone call: kept as LLVM has it, for its callers.

Numba makes machine code of every function by itself, and of all that it calls once more: for a
caller's sake that is done again with the caller. Of what Python cannot call nobody runs that code.
Without it, and without optimising before all is together, a first fit takes three quarters of the
time to compile.
"""

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


class Linked(Compiler):
    """Numba's pipeline, for a function whose code is such a library."""

    def define_pipelines(self):
        state = self.state
        state.library = Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().define_pipelines()


class _Reader:
    """The parts of a target context with which Numba rebuilds what was on disk."""

    def __init__(self, context):
        self.typing_context = context.typing_context
        self.get_executable = context.get_executable
        self._codegen = context.codegen()

    def codegen(self):
        return self

    def unserialize_library(self, state):
        return Library._unserialize(self._codegen, state)


def rebuilt(context, parts):
    """What `CompileResult._reduce` made these parts of."""
    if parts[0][1] != KIND:
        return CompileResult._rebuild(context, *parts)
    return CompileResult._rebuild(_Reader(context), *parts)._replace(target_context=context)
