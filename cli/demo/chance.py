"""Draws from a seed. Each is named by what it is for, so that another draw elsewhere changes none of them."""

import hmac
from collections.abc import Sequence
from hashlib import blake2b
from random import Random

from shared.value import value


@value
class Chance:
    seed: int

    def draws(self, *purpose: object) -> Random:
        """A sequence of draws."""
        return Random(int.from_bytes(self.digest(*purpose)[:8], "big"))

    def unit(self, *purpose: object) -> float:
        """One draw, from 0 to below 1."""
        return int.from_bytes(self.digest(*purpose)[:7], "big") / 2**56

    def below(self, limit: int, *purpose: object) -> int:
        return int(self.unit(*purpose) * limit)

    def among(self, choices: Sequence[str], *purpose: object) -> str:
        return choices[self.below(len(choices), *purpose)]

    def name(self, kind: str, *purpose: object) -> str:
        """An id that tells nothing of what it stands for: of a person, whose badge must not be read from it."""
        return f"{kind}-{hmac.digest(self.key, repr(purpose).encode(), 'sha256').hex()[:20]}"

    def digest(self, *purpose: object) -> bytes:
        return blake2b(repr(purpose).encode(), key=self.key, digest_size=16).digest()

    @property
    def key(self) -> bytes:
        return f"kaibo-demo-{self.seed}".encode()
