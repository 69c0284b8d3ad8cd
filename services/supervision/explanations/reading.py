"""An account over HTTP: of what the register shows, from the log."""

from fastapi.responses import PlainTextResponse, Response

from services.answering import Language, wants_text
from services.supervision.explanations.account import Account, Decision, account, streams_of
from services.supervision.explanations.languages import as_text
from shared.policy import Policies
from shared.web import Read


async def explained(
    decision: Decision, read: Read, policies: Policies, language: Language, accept: str
) -> Account | Response:
    """As text where `Accept: text/plain` asks."""
    found = await read.opened(account(decision, await read.history(*streams_of(decision)), policies))
    return PlainTextResponse(as_text(found, language)) if wants_text(accept) else found
