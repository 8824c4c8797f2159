"""Pictures, sounds and videos of the entries: where they live, bringing those of other hosts here, filling gaps."""

from __future__ import annotations

from journal.media.adopt import Adopted, adopt, find_lost
from journal.media.references import Reference, references_in, references_of

__all__ = ["Adopted", "Reference", "adopt", "find_lost", "references_in", "references_of"]
