"""Verifier: the model's own statement that the passages lack the answer (Self-Route, Li et al., 2024)."""

import re

from dynamicrag.text.sentences import sentences
from dynamicrag.verify.base import VERIFIERS, Evidence, Signal, Verifier

SHORT = 6
"""Longest answer in words in which "not given" is a refusal; in a longer one it may be the answer."""

_BARE = re.compile(
    r"\bunknown\b\W*$|"
    r"\b(not|isn't|aren't|wasn't) (mentioned|provided|specified|stated|given|available|found|listed)\b|"
    r"\b(no|not enough|insufficient) information\b|\bn/a\b",
    re.IGNORECASE,
)
_SAYS = r"(mention|provide|specif|state|contain|say|include|give|tell|describe|cover|explain|answer|address)"
_SOURCE = r"\b(passages?|documents?|texts?|context|excerpts?|sources?|information (given|provided))\b"
_REFUSALS = (
    rf"{_SOURCE}[^.]{{0,40}}\b(do|does|did)(n't| not) {_SAYS}",
    rf"\bnot \w+ (in|by|from) (the|any of the|these|your) (\w+ )?{_SOURCE}",
    rf"\bno (information|mention|details?|answer)\b[^.]{{0,60}}{_SOURCE}",
    r"\b(there is|there's|i have|have) (no|not enough|insufficient) (information|details?)\b",
    r"\b(i|we)('m| am| are)? (do not|don't|cannot|can't|could not|couldn't|unable to|not able to) "
    r"(know|find|answer|determine|tell|say|provide)\b",
    r"\b(cannot|can't|could not) be (determined|answered)\b",
    # German, French, Spanish, Italian, Portuguese
    r"\b(passagen?|texten?|dokumenten?|abschnitte?n?|quellen?)\b[^.]{0,60}\b(kein\w*|nicht)\b",
    r"\bich (weiß|weiss) (es |das )?nicht\b|\bkeine (informationen|angaben?)\b",
    r"\b(passages?|documents?|textes?)\b[^.]{0,20}\bn[e'’] ?(\w+['’ ]){1,3}(pas|aucune?)\b",
    r"\baucune information\b|\bje ne sais pas\b",
    r"\b(pasajes?|documentos?|textos?)\b[^.]{0,20}\bno (se )?\w+|\bno hay información\b|\bno lo sé\b",
    r"\b(passaggi|brani|documenti|testi)\b[^.]{0,20}\bnon \w+|\bnon lo so\b|\bnessuna informazione\b",
    r"\b(passagens|trechos|textos)\b[^.]{0,20}\bnão \w+|\bnão sei\b|\bnenhuma informação\b",
    # Chinese, Japanese, Korean
    r"(没有|未)(提到|提及|说明|包含|给出)|无法回答|我不知道|没有相关信息",
    r"(記載|言及|情報)(が|は|も)?(ありません|ない|されていません)|わかりません|答えられません",
    r"(언급|정보)[가이은는도]? ?(없|되어 있지 않)|알 수 없습니다|모릅니다",
)
# "unanswerable", as translated by models instructed to answer in another language
_TRANSLATED = re.compile(
    r"\W*(unbeantwortbar|nicht (beantwortbar|zu beantworten)|(sans|sin|sem|senza|geen|utan|uten|uden) "
    r"(réponse|respuesta|resposta|risposta|antwoord|svar)|impossible de répondre|pas de réponse|"
    r"no se puede responder|non è possibile rispondere|não é possível responder|"
    r"(niet te|on)beantwoorden|onbeantwoordbaar|brak odpowiedzi|нет ответа|невозможно ответить|без ответа|"
    r"不可回答|無法回答|回答不能|回答できません|(답변|대답|답)할 수 (없음|없습니다|없다))\W*",
    re.IGNORECASE,
)
_REFUSAL = re.compile("|".join(_REFUSALS), re.IGNORECASE)


def is_refusal(answer: str) -> bool:
    """Return whether an answer is a refusal.

    A negation in a whole sentence is a refusal only if it is about the sources or the answerer: "Breakfast is
    not included" answers a question.
    """
    if not re.search(r"\w", answer) or re.search(r"\bunanswerable\b", answer, re.IGNORECASE):
        return True
    if _TRANSLATED.fullmatch(answer):
        return True
    first = sentences(answer)[0]
    return bool(_REFUSAL.search(first) or (len(answer.split()) <= SHORT and _BARE.search(answer)))


@VERIFIERS.register("unanswerable")
class Unanswerable(Verifier):
    """Signal ``unanswerable``: 1 if the answer is a refusal, otherwise 0."""

    gives = (Signal("unanswerable"),)
    rises = False
    doubt = "The draft gives no answer; look whether the passages hold one."
    computes = True
    paper = "Li et al. 2024, Self-Route, arXiv 2407.16833"

    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """See the base class."""
        return {"unanswerable": float(is_refusal(evidence.answer))}
