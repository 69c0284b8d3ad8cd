"""What the demo reads: one module per kind of file."""

from collections.abc import Sequence
from pathlib import Path

from cli.demo.inputs.people import PersonRow, read_people
from cli.demo.inputs.quiz import QuizAttempt, read_quiz
from cli.demo.inputs.streamers import Streamer, read_streamers
from cli.demo.inputs.streams import StreamRow, read_streams
from shared.value import value

PEOPLE, QUIZ, STREAMERS, STREAMS = "people.csv", "exam-results.csv", "twitch-top-1000.csv", "ytlive-durations.csv"


@value
class Input:
    people: Sequence[PersonRow]
    quiz: Sequence[QuizAttempt]
    streamers: Sequence[Streamer]
    streams: Sequence[StreamRow]  # as they stand in the file: repeats too


def read_input(folder: Path) -> Input:
    """Raises `TableError` for a file that is absent or says what cannot be."""
    return Input(
        people=read_people(folder / PEOPLE),
        quiz=read_quiz(folder / QUIZ),
        streamers=read_streamers(folder / STREAMERS),
        streams=read_streams(folder / STREAMS),
    )
