"""What a stream said at a version, or by a time: for whoever has to tell what was known when something was decided."""

from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from shared.access import HISTORY, requires
from shared.decider import Decider
from shared.desk import Desk
from shared.event import encode
from shared.limits import STREAM, unkept
from shared.store import Store, until
from shared.value import value
from shared.web import NotFound, Reading, Router

router = Router(tags=["history"])
ABSENT: dict[int | str, dict[str, Any]] = {404: {"description": "There was no such stream."}}


@value
class StateAsOf:
    """The state that the stream's events up to this version make, as the code of today folds them."""

    stream: str
    version: int
    recorded_at: datetime  # of the last of them
    state: Any


@router.get("/history", dependencies=[requires(HISTORY)], responses=ABSENT)
async def state_as_of(
    request: Request,
    response: Response,
    stream: Annotated[str, Query(min_length=1, max_length=STREAM, description="Its name, as events carry it.")],
    at_version: Annotated[int | None, Query(ge=1, le=2**31, description="Without it, the last one.")] = None,
    at: Annotated[AwareDatetime | None, Query(description="What had been recorded by then.")] = None,
) -> StateAsOf:
    """The state of a stream, now, at a version or by a time. Personal texts are opened for whoever may read them."""
    app = request.app.state
    decider = cast(dict[str, Decider[Any, Any, Any]], app.deciders).get(stream.split("/")[0])
    if decider is None or not decider.history or unkept(stream):
        raise NotFound(stream)
    contract = cast(Desk, app.desk).contract
    history = until((await cast(Store, app.store).history([stream]))[stream], at_version, at)
    if not history:
        raise NotFound(stream)
    state = decider.state([contract.decode(s.type, s.schema, s.data) for s in history])
    found = StateAsOf(
        stream=stream,
        version=history[-1].version,
        recorded_at=history[-1].recorded_at,
        state=msgspec.json.decode(encode(state)),
    )
    return await Reading(request, response).opened(found)
