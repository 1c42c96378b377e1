# ruff: noqa: E501 - a list of words reads best as one
"""Words that indicate whether a question stands alone, by language.

Data for :mod:`dynamicrag.features.follow_up`.

``points`` refer back to the conversation; ``perhaps`` may, and ``last`` do at the end of a turn ("how much is
that?"); ``opens`` continue the conversation. ``asks`` begin a complete question or request. ``vague`` words
name no topic. All are without accents, in the form of :func:`dynamicrag.text.words.words`.
"""

POINTERS: dict[str, dict[str, str]] = {
    "en": {
        "points": "it its they them their theirs he him his she her hers these those ones another others other else same former latter above previous mentioned instead likewise there elsewhere either neither both cheaper faster better worse longer shorter bigger smaller earlier later nearer closer older newer higher lower quicker easier second third fourth fifth",
        "perhaps": "that this one more less it",
        "last": "that this one more less too also again then so first last next exactly",
        "opens": "and but or so also then because ok okay well yes no same either neither only unless except please",
        "asks": "who whom whose what when where which why how is are was were do does did can could may might must should shall will would has have had am tell show list give find name explain describe compare define i my we are there in at on by for from to under since until",
        "vague": "explain elaborate clarify detail details example examples reason reasons option answer question mean means meaning thing things stuff info information price prices cost costs much many long far often name address date time times hours opening closing number phone size age year years day days today tomorrow yesterday tonight morning afternoon evening night week weekend weekends sunday sundays monday mondays tuesday tuesdays wednesday wednesdays thursday thursdays friday fridays saturday saturdays summer winter spring autumn holidays ticket tickets trip journey ride tour entrance fee fees limit deadline colour color author owner capital way go get say know tell please yes ok okay no give need want kind sort type",
        "articles": "a an the",
        "joins": "for on in at with to by from of during without after before until since",
    },
    "de": {
        "points": "es er ihn ihm dieser diese dieses diesen diesem jene jener jenes dort davon dafur damit dazu dabei darin darauf daran daruber beide beiden beides andere anderen anderer anderes anderem dessen deren dasselbe derselbe stattdessen zweite zweiten zweiter dritte dritten gunstiger billiger schneller besser grosser kleiner fruher spater naher alter",
        "last": "das die der den dem sie da denn auch noch nochmal dann sonst mehr genau erste ersten letzte letzten",
        "opens": "und aber oder also dann denn ok okay ja nein warum wieso nicht auch sondern falls nur bitte",
        "asks": "wer wen wem wessen was wann wo woher wohin welche welcher welches welchen welchem warum weshalb wieso wie wieviel wozu womit ist sind war waren hat haben hatte kann konnen kannst darf durfen muss mussen soll sollen gibt wird werden wurde fahrt kostet kosten macht braucht brauche brauchen nenne zeige zeig erklare beschreibe sag ich darfst in an am um ab bis seit zu von",
        "vague": "erklaren erklar erklare genauer grund beispiel option antwort frage preis kosten kostet viel name adresse datum zeit uhr uhrzeit offnungszeiten nummer grosse alter jahr tag heute morgen gestern abend nacht woche wochenende sonntag sonntags montag montags dienstag mittwoch donnerstag freitag samstag samstags sommer winter gebuhr frist farbe bitte ja nein sagen wissen gehen geht gilt offen",
        "articles": "ein eine einen einem einer der die das den dem am im zur zum",
        "joins": "fur am an im in mit bei von ab bis zu nach ohne wahrend auf",
    },
    "fr": {
        "points": "elle elles eux lui leur celui celle ceux celles ca cela ceci cette autre autres meme dernier derniere second seconde deuxieme troisieme sa ses ainsi la-bas dedans",
        "perhaps": "il ils ce y plus",
        "last": "il ils ce y plus aussi encore alors donc premier premiere exactement",
        "opens": "et mais ou donc alors aussi ok oui non pourquoi car sinon puis sauf seulement",
        "asks": "qui que quoi quand ou comment combien quel quelle quels quelles pourquoi est sont etait y peut peux puis faut existe dis montre explique decris liste nomme je a quest est-ce pouvez dois doit en dans depuis",
        "vague": "expliquer explique detail details exemple raison option reponse question prix cout coute nom adresse date heure heures horaires ouverture ouvre ferme numero taille age an annee jour aujourdhui demain hier matin soir nuit semaine dimanche lundi mardi mercredi jeudi vendredi samedi ete hiver billet tarif couleur oui non dire est ce",
        "articles": "un une le la les du des l au",
        "joins": "pour en avec au dans sans pendant apres avant jusqua de",
    },
    "es": {
        "points": "ella ello ellos ellas eso esto esos esas aquel aquella alli ahi otro otra otros otras mismo misma segundo segunda tercero tercera ambos anterior",
        "perhaps": "ese esa este esta lo mas",
        "last": "ese esa esta este el mas tambien entonces lo primero primera exactamente",
        "opens": "y pero o entonces tambien si no ok vale porque pues solo",
        "asks": "quien quienes que cuando donde como cuanto cuanta cuantos cuantas cual cuales por es son fue hay esta estan puedo puede pueden debo tengo tiene se dime muestra explica describe lista necesito a en de desde",
        "vague": "explicar explica detalle detalles ejemplo razon opcion respuesta pregunta precio cuesta cuestan costo nombre direccion fecha hora horas horario abre abren cierra numero ano dia hoy manana ayer tarde noche semana domingo domingos lunes martes miercoles jueves viernes sabado sabados verano invierno entrada billete tarifa color si no decir",
        "articles": "un una el la los las del al",
        "joins": "para los en con por sin a de durante",
    },
    "it": {
        "points": "esso essa essi esse lei lui loro quello quella quelli quelle questi queste cio altro altra altri altre stesso stessa secondo seconda terzo terza entrambi",
        "perhaps": "questo questa piu",
        "last": "questo questa piu anche allora li la ancora primo prima",
        "opens": "e ma o allora anche quindi si no ok perche solo",
        "asks": "chi che cosa quando dove come quanto quanta quanti quante quale quali qual perche e sono era c posso puo possono devo ha si dimmi mostra spiega descrivi elenca a in da di",
        "vague": "spiegare spiega dettaglio dettagli esempio ragione opzione risposta domanda prezzo costa costano costo nome indirizzo data ora ore orario orari apre aprono chiude numero anno giorno oggi domani ieri mattina sera notte settimana domenica lunedi martedi mercoledi giovedi venerdi sabato estate inverno biglietto tariffa colore si no dire",
        "articles": "un una uno il lo la i gli le l del della",
        "joins": "per la in con a di senza durante",
    },
    "pt": {
        "points": "ele ela eles elas isso isto aquilo esse essa esses essas aquele aquela la ali outro outra outros outras mesmo mesma segundo segunda terceiro terceira ambos",
        "perhaps": "este esta mais",
        "last": "este esta mais tambem entao primeiro primeira",
        "opens": "e mas ou entao tambem sim nao ok porque so",
        "asks": "quem que quando onde como quanto quanta quantos quantas qual quais por o e sao foi ha posso pode podem devo tem existe diga mostre explique descreva liste a em de",
        "vague": "explicar explica explique detalhe detalhes exemplo razao opcao resposta pergunta preco custa custam custo nome endereco data hora horas horario abre abrem fecha numero ano dia hoje amanha ontem manha tarde noite semana domingo domingos sabado verao inverno bilhete tarifa cor sim nao dizer",
        "articles": "um uma o a os as do da no na",
        "joins": "para aos em com por sem de durante",
    },
    "nl": {
        "points": "hij hem zij ze hun deze dit die daar daarvan daarvoor daarmee andere ander anders dezelfde hetzelfde tweede derde beide goedkoper sneller beter groter kleiner eerder later",
        "perhaps": "dat",
        "last": "het dat dan ook nog meer precies eerste laatste",
        "opens": "en maar of dus dan ook ja nee ok waarom want alleen",
        "asks": "wie wat wanneer waar welke welk waarom hoe hoeveel is zijn was waren heeft hebben kan kunnen mag mogen moet moeten zal wordt worden geef noem toon vertel ik in op om",
        "vague": "uitleggen detail details voorbeeld reden optie antwoord vraag prijs kost kosten naam adres datum tijd uur uren openingstijden nummer jaar dag vandaag morgen gisteren ochtend avond nacht week zondag maandag dinsdag woensdag donderdag vrijdag zaterdag zomer winter kaartje tarief kleur ja nee zeggen",
        "articles": "een de het",
        "joins": "voor op in met van bij zonder tijdens naar",
    },
    "pl": {
        "points": "on ona ono oni jego jej ich ten ta te tego tej tym tam inny inna inne drugi druga drugie trzeci to",
        "last": "tak tez jeszcze wiecej", "opens": "a i ale albo wiec tak nie ok dlaczego tylko",
        "asks": "kto co kiedy gdzie jak ile jaki jaka jakie ktory ktora ktore czy dlaczego o w na od do", "vague": "wyjasnic przyklad opcja odpowiedz pytanie cena kosztuje ile godzina godziny dzien dzis jutro niedziela niedziele bilet kolor tak nie",
        "articles": "", "joins": "dla w na z bez po",
    },
    "ru": {
        "points": "он она оно они его ее их ему этот эта эти этого этои там другои другая другие второи вторая третии это",
        "last": "тоже еще больше тогда", "opens": "а и но или тогда да нет ок почему тоже только",
        "asks": "кто что когда где как сколько какои какая какие каком которыи зачем почему можно есть ли о в на от до", "vague": "объяснить пример вариант ответ вопрос цена стоит сколько час часы день сегодня завтра воскресенье билет цвет да нет",
        "articles": "", "joins": "для в на по с без",
    },
    "tr": {
        "points": "o onu onun ona onlar onlari bu bunu bunun su sunu orada oraya diger digeri ikinci ikincisi ucuncu ayni",
        "last": "da de peki", "opens": "ve ama veya peki evet hayir tamam neden",
        "asks": "", "vague": "", "articles": "", "joins": "",
    },
}  # fmt: skip

UNSPACED = {
    "points": "它 他 她 这 那 该 此 其他 其它 另外 第二 第三 前者 后者 上面 还有 同样 呢 这 之后 它们 這 那個 それ これ あれ その この あの そこ ここ あそこ 彼 二番目 三番目 他の 同じ もっと 詳しく どうして 그것 그거 이것 이거 저것 그곳 거기 그는 그녀 두 번째 둘째 다른 같은 더 그럼 그리고 그건 이건",
    "opens": "那 那么 和 但 但是 或者 还 为什么 怎么 然后 所以 也 じゃあ では でも それで なぜ じゃ と また 그럼 그리고 하지만 왜 또",
    "function": "什么 谁 哪里 哪儿 哪个 哪 几点 几 多少钱 多少 多久 怎么样 怎么 怎样 为什么 何时 何地 什么时候 吗 是否 能否 可以 可不可以 有没有 请问 请 是 的 了 在 有 我 你 您 要 能 会 吧 从 到 对 和 需要 星期天 星期日 星期一 星期二 星期三 星期四 星期五 星期六 周末 周日 周一 今天 明天 昨天 早上 上午 中午 下午 晚上 现在 夏天 冬天 开始 价格 价钱 时间 解释 一下 "
    "何時 何 誰 いつ どこ どの どれ いくら どう ですか ますか でしたか ましたか か は が を に で の も へ から まで です ます した する して ください 今日 明日 日曜日 月曜日 土曜日 説明 時間 値段 교 "
    "누가 누구 언제 어디 무엇 뭐 어떤 어떻게 얼마 왜 몇 시 인가요 입니까 나요 어요 예요 이에요 는 은 이 가 을 를 에 에서 의 오늘 내일 일요일 설명 시간 가격",
}
"""The same for Chinese, Japanese and Korean, as pieces of text; ``function`` pieces name no topic."""
