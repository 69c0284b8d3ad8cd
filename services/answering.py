"""How an explanation is asked for over HTTP: as JSON or as text, in which language, and under which policies."""

from enum import StrEnum
from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request

from shared.policy import Policies


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


Accepts = Annotated[str, Header(alias="Accept", include_in_schema=False)]
Spoken = Annotated[Language, Query(alias="language", description="of the text; JSON has none")]
TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def wants_text(accept: str) -> bool:
    return "text/plain" in accept


async def policies_of(request: Request) -> Policies:
    return cast(Policies, request.app.state.desk.policies)


InForce = Annotated[Policies, Depends(policies_of)]
