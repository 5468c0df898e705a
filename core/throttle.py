"""How often one address may do something on a page without login.

Belongs here because several apps have such pages. Counted in the cache: with several processes each counts alone unless
they share one (CACHE_URL).
"""

from dataclasses import dataclass

from django.core.cache import cache


@dataclass(frozen=True)
class Throttle:
    """At most `limit` times in `seconds` from one address."""

    name: str
    limit: int
    seconds: int

    def is_exhausted(self, request) -> bool:
        return cache.get(self._key(request), 0) >= self.limit

    def count(self, request) -> None:
        key = self._key(request)
        cache.add(key, 0, self.seconds)
        try:
            cache.incr(key)
        except ValueError:  # it ended between the two
            cache.add(key, 1, self.seconds)

    def _key(self, request) -> str:
        return f"throttle:{self.name}:{request.META.get('REMOTE_ADDR')}"
