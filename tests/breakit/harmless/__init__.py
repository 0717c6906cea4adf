"""Changes that lose nothing: what people write otherwise, and what concerns production alone."""

from __future__ import annotations

from breakit.harmless.deployment import DEPLOYMENT
from breakit.harmless.images import IMAGES
from breakit.harmless.programs import PROGRAMS
from breakit.harmless.scripts import SCRIPTS

HARMLESS = (*IMAGES, *DEPLOYMENT, *SCRIPTS, *PROGRAMS)
