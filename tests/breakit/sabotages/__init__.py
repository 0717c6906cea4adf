"""Every sabotage, by the hop that it breaks."""

from __future__ import annotations

from breakit.sabotages.build import BUILD
from breakit.sabotages.cluster import CLUSTER
from breakit.sabotages.collection import COLLECTION
from breakit.sabotages.image import IMAGE
from breakit.sabotages.shutdown import SHUTDOWN
from breakit.sabotages.wiring import WIRING
from breakit.sabotages.workload import WORKLOAD

SABOTAGES = (*BUILD, *IMAGE, *WORKLOAD, *CLUSTER, *WIRING, *SHUTDOWN, *COLLECTION)
