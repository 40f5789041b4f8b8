"""Days in the bucket: functions that take data and return data or findings."""
