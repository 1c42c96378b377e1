"""Escalation policies and verifiers judged on recorded drafts: nothing is run, and every draft is paid for."""
