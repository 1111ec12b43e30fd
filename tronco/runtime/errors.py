"""Failures of the machine underneath, each with what the operator can do about it."""

from __future__ import annotations

from tronco.core.errors import Unavailable


class ComponentMissing(Unavailable):
    """A part that runs beside us (PostgreSQL, Asterisk, ...) cannot be had or started here."""

    code = "component-missing"

    def __init__(self, component: str, problem: str, *, cure: str) -> None:
        super().__init__(
            f"{component}: {problem}\n  What to do: {cure}",
            details={"component": component, "problem": problem, "cure": cure},
        )
        self.component = component
        self.problem = problem
        self.cure = cure
