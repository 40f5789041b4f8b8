"""A local ACE IoT: the real one's wire schema, refusals and defects on a loopback port, and faults on request."""

from rehearsal.ace.faults import AceFault
from rehearsal.ace.samples import Sample, Source
from rehearsal.ace.server import LocalAce, RecordedRequest

__all__ = ["AceFault", "LocalAce", "RecordedRequest", "Sample", "Source"]
