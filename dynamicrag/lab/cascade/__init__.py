"""Escalation policies and verifiers judged on recorded drafts: none is run, and every one is paid for."""
