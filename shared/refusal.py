"""A rule says no."""

NOT_CONFIGURED = "policy.not_configured"
VERSION_UNKNOWN = "policy.version_unknown"
LACKING = (NOT_CONFIGURED, VERSION_UNKNOWN)  # no rule says no: the organisation has not said yet, or its file is away


class Refused(Exception):
    """`code` names the rule and never changes; the rest tells the caller what to do next.

    Facts are shown to the caller: never a personal value."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, facts)
        self.code, self.facts = code, facts

    def told(self) -> dict[str, str]:
        """The facts in words; of several, with commas between."""
        return {
            name: ", ".join(map(str, told)) if isinstance(told, list | tuple | frozenset) else str(told)
            for name, told in self.facts.items()
        }
