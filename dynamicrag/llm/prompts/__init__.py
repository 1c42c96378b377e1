"""Prompt strategies, one a file: how a question and its passages are put to a chat model."""

from dynamicrag.llm.prompts.base import PROMPTS, Answer, PromptStrategy

__all__ = ["PROMPTS", "Answer", "PromptStrategy"]
