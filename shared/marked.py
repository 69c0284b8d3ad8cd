"""A YAML text with the line of each place in it, and what a validation of its content says about those places."""

from collections.abc import Sequence
from typing import Any

import yaml

Step = str | int
Place = tuple[Step, ...]  # from the top of the text
Finding = tuple[Place, str]  # of a validation: where it looked, and what it says

STRANGE, MISSING = "nothing is called so here", "must be said"
WANTED = {"Rule": "a number is wanted", "Condition": "a criterion is wanted: {cel: …}"}


class Wrong(ValueError):
    """What is said cannot be. `place`: where, from the value that says so on."""

    def __init__(self, reason: str, *place: Step) -> None:
        super().__init__(reason)
        self.reason, self.place = reason, place


class Located(ValueError):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Marked:
    """The content of a YAML text, and the line of each place in it. Raises Located for what is no policy's text."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {(): 1}
        try:
            loader = yaml.SafeLoader(text)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise Located(line, "this is no YAML: a character in it cannot be printed") from None
        try:
            node = loader.get_single_node()
            self.mark(node, (), set())
            self.content = loader.construct_document(node) if node else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise Located(mark.line + 1 if mark else 1, f"this is no YAML: {error.problem}") from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            if isinstance(error, Located):
                raise
            raise Located(1, f"this is no YAML: {type(error).__name__}") from None
        finally:
            loader.dispose()

    def mark(self, node: Any, place: Place, seen: set[int]) -> None:
        if node is None:
            return
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in seen:
            raise Located(line, "a policy says everything where it holds: no & and *")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for i, held in enumerate(node.value):
                self.mark(held, (*place, i), seen)
        if isinstance(node, yaml.MappingNode):
            for name, held in node.value:
                if not isinstance(name, yaml.ScalarNode):
                    raise Located(name.start_mark.line + 1, "a name is one word")
                at = (*place, name.value)
                if at in self.lines:
                    raise Located(name.start_mark.line + 1, f"{name.value} stands twice")
                self.lines[at] = name.start_mark.line + 1
                self.mark(held, at, seen)

    def within(self, place: Place) -> Place:
        """As much of a place as the text has."""
        while place not in self.lines:
            place = place[:-1]
        return place

    def told(self, file: str, place: Place, reason: str) -> str:
        shown = self.shown(place)
        return f"{file}:{self.line(place)}: {shown + ': ' if shown else ''}{reason}"

    def line(self, place: Place) -> int:
        return self.lines[self.within(place)]

    def shown(self, place: Place) -> str:
        """A place in words: members of a list by their name."""
        content, steps = self.content, list[str]()
        for one in place:
            content = inner(content, one)
            steps.append(str(content.get("name", one)) if isinstance(content, dict) and one != "name" else str(one))
        return ".".join(steps)


def inner(content: Any, at: Step) -> Any:
    if isinstance(content, dict):
        return content.get(at)
    return content[at] if isinstance(content, list) and isinstance(at, int) and at < len(content) else None


def finding(error: Any) -> Finding:
    raised = error.get("ctx", {}).get("error")
    place, reason = tuple(error["loc"]), str(raised or error["msg"])
    if isinstance(raised, Wrong):
        place += raised.place
    if error["type"] == "is_instance_of":
        reason = WANTED[error["ctx"]["class"]]
    if error["type"] == "unexpected_keyword_argument":
        reason = STRANGE
    if error["type"] == "missing":
        place, reason = place[:-1], f"{place[-1]} {MISSING}"
    return place, reason


def best(marked: Marked, findings: list[Finding]) -> list[Finding]:
    """Where a value may be one of several, each of them was tried: what is said of the one that fits best."""
    plain, tried = list[Finding](), dict[Place, dict[Step, list[Finding]]]()
    for place, reason in findings:
        known = marked.within(place)
        rest = place[len(known) :]
        if rest:
            tried.setdefault(known, {}).setdefault(rest[0], []).append(((*known, *rest[1:]), reason))
        else:
            plain.append((known, reason))
    for branches in tried.values():
        fitting = min([best(marked, branch) for branch in branches.values()], key=strangeness)
        plain += fitting
    return plain


def strangeness(findings: Sequence[Finding]) -> tuple[int, int]:
    return sum(reason == STRANGE or reason.endswith(MISSING) for _, reason in findings), len(findings)
