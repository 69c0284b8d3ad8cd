"""What the demo reads: one module per kind of file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from cli.demo.inputs.people import PersonRow, read_people
from cli.demo.inputs.quiz import QuizAttempt, read_quiz
from cli.demo.inputs.streamers import Streamer, read_streamers
from cli.demo.inputs.streams import StreamRow, read_streams
from cli.demo.inputs.tables import TableError
from shared.value import value

T = TypeVar("T")

PEOPLE, QUIZ, STREAMERS, STREAMS = "people.csv", "exam-results.csv", "twitch-top-1000.csv", "ytlive-durations.csv"


@value
class Input:
    people: Sequence[PersonRow]
    quiz: Sequence[QuizAttempt]
    streamers: Sequence[Streamer]
    streams: Sequence[StreamRow]  # as they stand in the file: repeats too


class Unusable(Exception):
    """Files from which no organisation can be made: every file and every cell that is wrong."""

    def __init__(self, errors: Sequence[TableError]) -> None:
        told = "\n".join(str(error) for error in errors)
        super().__init__(
            f"{told}\nNothing was imported: who is on air when, and whose figures are whose, follows from all rows "
            "together, so that a row left out would change everybody else's. Mend the cells and start again."
        )


def read_input(folder: Path) -> Input:
    """Raises `Unusable` for files that are absent or say what cannot be."""
    errors = list[TableError]()

    def read(file: str, reader: Callable[[Path], list[T]]) -> list[T]:
        try:
            return reader(folder / file)
        except TableError as error:
            errors.append(error)
            return []

    found = Input(
        people=read(PEOPLE, read_people),
        quiz=read(QUIZ, read_quiz),
        streamers=read(STREAMERS, read_streamers),
        streams=read(STREAMS, read_streams),
    )
    if errors:
        raise Unusable(errors)
    return found
