"""How a port refuses for good."""


class PermanentRefusal(Exception):
    """The outside system understood and will never do it; trying again is useless."""


class DestructionForbidden(PermanentRefusal):
    """A destructive act without complete formalization and ended notice was refused (P19)."""
