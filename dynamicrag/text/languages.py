"""Detects the language of a text by its script and its function words.

The lists are short on purpose: nearly every sentence of a language has some of these words. They are written
in the form of :func:`dynamicrag.text.normal.normalise`, without accents.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """
            a about after all also am an and any are as at be because been before being between both but by
            can could did do does doing during each else for from further had has have having he her here
            hers him his how i if in into is it its just like me more most my no nor not of off on once one
            only or other our out over own please same she should so some such tell than that the their them
            then there these they this those through to too under until up us very was we were what when
            where which while who whom whose why will with would you your
        """,
        "de": """
            ab aber als am an auch auf aus bei beim bin bis bitte da damit dann das dass dein dem den der des
            die dir doch du durch ein eine einem einen einer eines er es fur gegen gibt habe haben hat hatte
            ich ihr ihre ihren im in ist ja jeder kann kein keine konnen man mehr mein meine mich mir mit
            muss nach nicht noch nur ob oder ohne schon sehr sein seine seit sich sie sind so uber um und
            uns unser unter viel viele vom von vor wann war waren warum was welche welchem welchen welcher
            welches wenn wer werden wie wieviel wir wird wo woher wohin wurde wurden zu zum zur zwischen
        """,
        "fr": """
            a ai as au aux avec avez avoir c ce cela ces cet cette combien comment d dans de des dois doit
            du elle elles en entre est et etait ete etre eu faire faut ici il ils j je l la le les leur
            leurs lui m ma mais me mes mon n ne nos notre nous on ont ou par pas peut peux plus pour
            pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sous
            sur t ta te tes toi ton tu un une vos votre vous y
        """,
        "es": """
            a al algo como con cual cuales cuando cuanta cuantas cuanto cuantos de del desde donde durante e
            el ella ellas ellos en entre era eran es esa esas ese eso esos esta estan estas este esto estos
            fue fueron ha hace hacia han hasta hay la las le les lo los mas me mi mis muy ni no nos nuestra
            nuestro o para pero por porque puede puedo que quien quienes se ser si sin sobre son su sus
            tambien tan tiene tienen tu tus un una unas uno unos y ya yo
        """,
        "it": """
            a ad agli ai al alla alle anche c che chi ci come con cosa cui da dal dalla dei del della delle
            dello di dove e ed era essere fa fra gli ha hanno ho i il in io l la le lei li lo loro lui ma mi
            mia mio nei nel nella non o per perche piu posso puo qual quale quali quando quanti quanto
            quella quello questa questo se si sia sono su sua sul sulla suo te ti tra tu un una uno vi
        """,
        "pt": """
            a ao aos as com como da das de dela dele do dos e ela ele eles em entre era essa esse esta este
            eu foi foram ha isso isto ja lhe mais mas me mesmo meu minha muito na nao nas nem no nos o onde
            os ou para pela pelas pelo pelos pode por porque posso quais qual quando quanto quantos que quem
            sao se sem ser seu seus so sobre sua suas tambem te tem um uma uns voce
        """,
        "nl": """
            aan al als bij dan dat de deze die dit door een en er geen had heb hebben heeft het hij hoe
            hoeveel ik in is je kan kunnen maar me meer met mijn moet na naar niet nog nu of om onder ons
            ook op over te tegen tot u uit uw van veel voor waar waarom wanneer waren was wat we welk welke
            werd wie wij worden wordt ze zich zij zijn zo zonder
        """,
        "scandinavian": """
            alle at att av bara blev blir da de deg dem den denna denne der det detta dette dig du efter eg
            ei eller en er et ett far fin for fore fra fram fran ha hadde hade han har hon hun hur hva hvad
            hvem hvilken hvor hvordan hvornar i ikke ingen inte ja jag jeg kan kommer kunde man med meg
            mellan men mer mig min mitt mot mycket na nar noe nogen nu och og om opp pa sa sin ska skal som
            til till under upp ut vad var vara vart vem vi vid vil vilka vilken vilket vore
        """,
        "pl": """
            a aby ale bardzo bez bo by byc byl byla bylo byly ci co czy dla do gdy gdzie go i ich ile im ja
            jak jaka jaki jakie jako jego jej jest jestem jezeli juz kiedy kto ktora ktore ktory ma mi mnie
            moze mozna na nad nie niz o od on ona one oni oraz po pod przed przez przy sa sie ta tak tam te
            tego ten to tu tylko w we wiec z za ze
        """,
        "ru": """
            а без более бы был была были было в вас ваш во вот все всех вы где да для до его ее если есть
            еще же за и из или им их к как какая какие какого какои каком когда кого кто куда ли между меня
            мне мои мы на над нам нас не него нее нет ни них но о об он она они от очень по под почему при
            про с сам свои сколько со так такои там то того тоже тои только том ты у уже чем что чтобы эта
            эти это этого этои этот я
        """,
        "el": """
            αν απο αυτα αυτη αυτο για δεν ειναι εκει ενα ενασ εχει η ηταν θα και κατα με μετα μια μου να ο
            οι οπου οτι ποια ποιο ποιοσ ποσα ποσο ποτε που πριν προσ πωσ σασ σε σου στα στη στην στισ στο
            στον τα τη την τησ τι τισ το τον του τουσ των ωσ
        """,
        "ar": """
            التي الذي الي ان او اي اين بعد به بها بين ثم حتي علي عليه عن عند غير في فيه فيها قبل قد كان كانت
            كل كم كيف لا لقد لكن لم لماذا له لها ليس ما ماذا متي مع من منه منها نحن هذا هذه هل هم هناك هو هي
            و يكون يوجد
        """,
        "hi": """
            इस इसका इसकी इसके उस उसका उसकी उसके एक और कब कहाँ कहां का कि कितना कितनी कितने किस किसने की के
            कैसे को कौन क्या क्यों गई गया जो तो था थी थे द्वारा नहीं ने पर भी में यह ये लिए वह वे से है हैं
            हो होता होती
        """,
    }.items()
}  # fmt: skip
"""The function words of each language."""

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _own in FUNCTION_WORDS.items():
    for _word in _own:
        _LANGUAGES_OF.setdefault(_word, []).append(_language)

OTHER_ALPHABETS = frozenset().union(*(FUNCTION_WORDS[name] for name in ("ru", "el", "ar", "hi")))
"""Function words in other scripts than Latin."""

FUNCTION_CHARACTERS = frozenset("的了是吗呢啊呀嘛么什哪谁怎几也而们你我他她它您嗎麼誰幾們")
"""Chinese characters used almost only as function words or as parts of them."""

FUNCTION_SYLLABLES = frozenset(
    """
    습니 니다 입니 니까 나요 인가 가요 에서 으로 까지 부터 어디 언제 무엇 누구 누가 어떤 어떻 떻게 무슨 얼마
    """.split()  # noqa: SIM905 - as above
)
"""Pairs of Korean syllables that are endings, particles and question words."""

YES_OR_NO = frozenset(
    """
    yes no ja nein jawohl oui non si sim nao nee nej tak nie да нет ναι οχι نعم لا हाँ नहीं
    是 是的 不是 不 对 對 不对 没有 沒有 有 否 可以 不可以 能 不能
    はい いいえ 네 예 아니요 아니오 ใช่ ไม่ใช่ ไม่
    """.split()  # noqa: SIM905 - as above
)
"""Answers "yes" and "no", with nothing to look for in a passage."""

CAPITALISED_NOUNS = frozenset({"de"})
"""Languages in which a capital does not distinguish names from other nouns."""

_SCRIPTS = {
    "kana": r"\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff",
    "zh": r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "ko": r"\u1100-\u11ff\uac00-\ud7a3",
    "th": r"\u0e01-\u0e4e",
    "lo": r"\u0e81-\u0ecd",
    "my": r"\u1000-\u103f\u1050-\u108f",
    "km": r"\u1780-\u17d3",
    "ru": r"\u0400-\u052f",
    "el": r"\u0370-\u03ff\u1f00-\u1fff",
    "ar": r"\u0620-\u064a\u0671-\u06d3\u0750-\u077f",
    "he": r"\u05d0-\u05ea",
    "hi": r"\u0900-\u0963",
    "ka": r"\u10a0-\u10ff",
    "hy": r"\u0531-\u0587",
    "bn": r"\u0980-\u09ff",
    "ta": r"\u0b80-\u0bff",
    "latin": r"A-Za-z\u00c0-\u024f\u1e00-\u1eff",
}
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in _SCRIPTS.items()))
_MOST = 20_000
"""Number of characters inspected for the language of a text."""


def script(text: str) -> str:
    """Return the script of most letters of ``text``: ``latin``, or the code of a language.

    A script of several languages has the code of one of them; text with kana is ``ja``. Without letters it is
    ``""``.
    """
    count: Counter[str] = Counter()
    for run in _SCRIPT.finditer(text[:_MOST]):
        count[run.lastgroup or ""] += run.end() - run.start()
    if not count:
        return ""
    kana, han = count.pop("kana", 0), count["zh"]
    if kana * 8 > han:
        count["ja"], count["zh"] = kana + han, 0
    return count.most_common(1)[0][0]


def by_function_words(words: Iterable[str], least: int = 1) -> frozenset[str]:
    """Return the languages to which most of the distinct, normalised ``words`` belong as function words.

    Several may tie; English wins a tie, because "die" or "was" alone does not make a text German.
    At least ``least`` function words identify a language.
    """
    count = Counter(language for word in set(words) for language in _LANGUAGES_OF.get(word, ()))
    most = max(count.values(), default=0)
    best = frozenset(language for language, number in count.items() if number == most >= least)
    return frozenset({"en"}) if "en" in best else best
