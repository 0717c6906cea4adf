"""``dataclasses.dataclass`` for frozen classes, made in a quarter of the time.

A run on one Dockerfile makes some eighty frozen classes, and the standard library compiles
six or more methods of each from text: more than half of covlint's own CPU time in such a
run (benchmarks/one_file.py). Here ``__init__`` is compiled where a run makes many objects of the
class, and the other methods are closures that behave the same. The fields, slots and
``__match_args__`` are made by the standard library, so that ``replace``, ``fields`` and
``asdict`` work, and type checkers see nothing but a dataclass.
"""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from dataclasses import MISSING, FrozenInstanceError

    #: To compile ``__init__`` takes as long as this many objects without.
    _BEFORE_COMPILED = 40

    def dataclass(cls=None, /, *, frozen=False, slots=False, order=False, **others):
        """As ``dataclasses.dataclass``; classes that are not frozen, or that take over the
        fields of another one, are left to it."""

        def make(one):
            if not frozen or others or dataclasses.is_dataclass(one.__base__):
                own = {"frozen": frozen, "slots": slots, "order": order, **others}
                return dataclasses.dataclass(**own)(one)
            return _frozen(one, slots=slots, order=order)

        return make if cls is None else make(cls)

    def _frozen(cls, *, slots, order):
        if cls.__doc__ is None:  # else one is made, of a signature: slow
            cls.__doc__ = cls.__name__
        written = frozenset(cls.__dict__)
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
        cls.__dataclass_params__.frozen = True  # for those who ask, as a subclass does
        methods = {"__init__": _init(cls), **_COMMON, **_compared(cls, order=order)}
        if slots:  # else pickle and copy fill ``__dict__`` by themselves
            methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
        for name, method in methods.items():
            if name not in written:
                setattr(cls, name, method)
        return cls

    def _init(cls):
        """An ``__init__`` that puts a compiled one in its place when objects get many, and
        where a call is wrong: its errors are those of Python."""
        left = _BEFORE_COMPILED
        fields = dataclasses.fields(cls)
        names = [field.name for field in fields if field.init]
        given = [one for one in fields if one.init and one.default is MISSING]
        needed = {one.name for one in given if one.default_factory is MISSING}
        checked = hasattr(cls, "__post_init__")

        def init(self, *args, **kwargs):
            nonlocal left
            left -= 1
            values = dict(zip(names, args, strict=False)) | kwargs
            known = needed <= values.keys() and all(name in names for name in kwargs)
            if left < 0 or not known or len(values) != len(args) + len(kwargs):
                cls.__init__ = _compiled(cls, slots="__slots__" in cls.__dict__)
                cls.__init__(self, *args, **kwargs)
                return
            for field in fields:
                if field.name in values:
                    value = values[field.name]
                elif field.default_factory is not MISSING:
                    value = field.default_factory()
                elif field.default is not MISSING:
                    value = field.default
                else:
                    continue
                object.__setattr__(self, field.name, value)
            if checked:
                self.__post_init__()

        return init

    def _compiled(cls, *, slots):
        parameters, lines, known = [], [], {"_made": MISSING, "_put": object.__setattr__}
        for field in dataclasses.fields(cls):
            name, value = field.name, field.name
            if field.default_factory is not MISSING:
                known[f"_factory_{name}"] = field.default_factory
                value = f"_factory_{name}()"
                if field.init:
                    parameters.append(f"{name}=_made")
                    value = f"{value} if {name} is _made else {name}"
            elif field.default is not MISSING:
                known[f"_default_{name}"] = field.default
                value = name if field.init else f"_default_{name}"
                parameters += [f"{name}=_default_{name}"] if field.init else []
            elif field.init:
                parameters.append(name)
            else:
                continue
            if slots:  # the descriptor itself: setattr would look for it
                known[f"_put_{name}"] = getattr(cls, name).__set__
                lines.append(f"  _put_{name}(self, {value})")
            else:
                lines.append(f"  _put(self, {name!r}, {value})")
        if hasattr(cls, "__post_init__"):
            lines.append("  self.__post_init__()")
        text = "\n".join([f" def __init__({', '.join(['self', *parameters])}):", *lines, "  pass"])
        made = {}
        names = vars(sys.modules[cls.__module__])
        exec(f"def _outer({', '.join(known)}):\n{text}\n return __init__", names, made)  # noqa: S102
        init = made["_outer"](**known)
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        return init

    def _compared(cls, *, order):
        names = [field.name for field in dataclasses.fields(cls) if field.compare]
        get = operator.attrgetter(*names) if names else lambda _: ()

        def equal(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return get(self) == get(other)

        def hashed(self):
            return hash(get(self))

        def ordered(compare):
            def method(self, other):
                if other.__class__ is not self.__class__:
                    return NotImplemented
                return compare(get(self), get(other))

            return method

        methods = {"__eq__": equal, "__hash__": hashed}
        if order:
            for name in ("__lt__", "__le__", "__gt__", "__ge__"):
                methods[name] = ordered(getattr(operator, name))
        return methods

    def _repr(self):
        shown = [f.name for f in dataclasses.fields(self) if f.repr]
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

    def _setattr(_self, name, _value):
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _delattr(_self, name):
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _getstate(self):
        return [getattr(self, field.name) for field in dataclasses.fields(self)]

    def _setstate(self, state):
        for field, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)

    _COMMON = {"__repr__": _repr, "__setattr__": _setattr, "__delattr__": _delattr}

__all__ = ["dataclass"]
