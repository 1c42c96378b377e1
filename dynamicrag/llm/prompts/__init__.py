"""Prompt strategies, one per file: the form in which a chat model receives a question and its passages."""

from dynamicrag.llm.prompts.base import PROMPTS, Answer, PromptStrategy

__all__ = ["PROMPTS", "Answer", "PromptStrategy"]
