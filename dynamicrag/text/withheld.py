"""The sentence in place of a withheld answer, in the language of the answer."""

from collections.abc import Mapping

__all__ = ["ABSTAINED", "SENTENCES", "withheld"]

ABSTAINED = "I could not find an answer to that in the documents I have."
SENTENCES: Mapping[str, str] = {
    "English": ABSTAINED,
    "German": "Dazu habe ich in den mir vorliegenden Dokumenten keine Antwort gefunden.",
    "French": "Je n’ai pas trouvé de réponse à cette question dans les documents dont je dispose.",
    "Spanish": "No he encontrado una respuesta a esa pregunta en los documentos de que dispongo.",
    "Italian": "Non ho trovato una risposta a questa domanda nei documenti a mia disposizione.",
    "Portuguese": "Não encontrei uma resposta a essa pergunta nos documentos de que disponho.",
    "Dutch": "Ik heb daarop geen antwoord gevonden in de documenten die ik heb.",
    "Swedish": "Jag hittade inget svar på det i de dokument jag har.",
    "Danish": "Jeg fandt ikke noget svar på det i de dokumenter, jeg har.",
    "Norwegian": "Jeg fant ikke noe svar på det i dokumentene jeg har.",
    "Polish": "Nie znalazłem odpowiedzi na to pytanie w dokumentach, które mam.",
    "Russian": "Я не нашёл ответа на этот вопрос в имеющихся у меня документах.",
    "Ukrainian": "Я не знайшов відповіді на це запитання в наявних у мене документах.",
    "Greek": "Δεν βρήκα απάντηση σε αυτό στα έγγραφα που έχω.",
    "Arabic": "لم أجد إجابة عن ذلك في المستندات المتوفرة لدي.",
    "Hebrew": "לא מצאתי לכך תשובה במסמכים שברשותי.",
    "Hindi": "मेरे पास उपलब्ध दस्तावेज़ों में मुझे इसका उत्तर नहीं मिला।",
    "Chinese": "我在现有的文档中没有找到这个问题的答案。",
    "Japanese": "手元の文書には、その答えが見つかりませんでした。",
    "Korean": "제가 가진 문서에서 그에 대한 답을 찾지 못했습니다.",
    "Thai": "ฉันไม่พบคำตอบของคำถามนี้ในเอกสารที่มีอยู่",
}
"""Sentences by the English name of the language."""


def withheld(language: str, own: str | Mapping[str, str]) -> str | None:
    """Return the sentence in a language, or ``None``.

    Args:
        language: The language's English name, with or without a region; ``""`` if unknown.
        own: The policy's own sentence, for all languages or by the English name of each.
    """
    if isinstance(own, str):
        return own
    named = language or "English"
    known = {**SENTENCES, **own}
    return known.get(named) or known.get(named.partition(" (")[0])
