"""A local ACE IoT on a loopback port, with the schema, refusals and defects of the real one, and with faults."""

from rehearsal.ace.faults import AceFault
from rehearsal.ace.samples import Sample, SampleSource
from rehearsal.ace.server import LocalAce, RecordedRequest

__all__ = ["AceFault", "LocalAce", "RecordedRequest", "Sample", "SampleSource"]
