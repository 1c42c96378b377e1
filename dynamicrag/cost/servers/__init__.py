"""Metering of model servers on this host: their processes, CPU time, GPU energy, and each client's share."""
