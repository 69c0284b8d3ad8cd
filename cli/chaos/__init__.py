"""Faults on purpose: a mixed load against everything real, while processes, connections and disks fail."""
