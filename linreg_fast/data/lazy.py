"""An attribute that is computed when it is first asked for."""


class computed_once:  # noqa: N801 - a decorator
    """`functools.cached_property` without its lock.

    Up to Python 3.11 one lock serves all instances and is held while the value is computed: two
    threads could not fit at the same time, and a child forked meanwhile would wait for ever.
    """

    def __init__(self, function):
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = vars(instance)[self._name] = self._function(instance)
        return value
