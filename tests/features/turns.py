# ruff: noqa: E501 - rows of turns read best as rows
"""Turns of many languages: what needs no documents, and what does. Turns are separated by bars."""

SMALL_TALK = {
    "en": "Hi!|hello there|Good morning, everyone|Hey, how are you doing today?|Nice to meet you!|See you tomorrow|Good night"
    "|Thanks a lot|Many thanks|Thank you so much for your help!|Thanks, that helped.|That was very helpful, thank you!|Great|Perfect, thanks!"
    "|Well done|I'm sorry|My bad|Excuse me|No worries|Have a nice day!|Happy birthday|Merry Christmas|Good luck!|Congratulations!"
    "|Who are you?|What can you do?|What's your name?|Are you a robot?|Can you help me?|Tell me a joke|lol|hahaha|haha :)|ok|yes|no thanks"
    "|sure|I see|Got it, thanks|Hello, are you there?|I have a question|helloooo|thaaanks|How's it going?|bye bye|You're welcome"
    "|Never mind|Do you speak German?|That's all for now, thank you. Goodbye!|OK great thank you|I love you",
    "de": "Hallo!|Guten Morgen|Guten Tag zusammen|Wie geht es dir?|Wie geht's?|Moin|Grüß Gott|Tschüss!|Auf Wiedersehen|Bis morgen"
    "|Vielen Dank!|Danke schön|Danke für deine Hilfe|Vielen Dank für die Auskunft, tschüss|Super, danke|Das war sehr hilfreich|Sehr gut"
    "|Entschuldigung|Tut mir leid|Schönen Abend noch|Alles Gute zum Geburtstag|Frohe Weihnachten|Wer bist du?|Was kannst du?|Wie heißt du?"
    "|Bist du ein Mensch?|Kannst du mir helfen?|Ja|Nein danke|Alles klar|Ich habe eine Frage|Gern geschehen|Gute Nacht",
    "fr": "Bonjour|Bonsoir à tous|Salut|Ça va ?|Comment allez-vous ?|Au revoir|À bientôt !|Bonne journée|Merci beaucoup|Merci pour votre aide"
    "|Je vous remercie|C'est parfait, merci|Très bien|Désolé|Excusez-moi|Joyeux anniversaire|Bonne année !|Qui êtes-vous ?|Qui es-tu ?"
    "|Que peux-tu faire ?|Comment tu t'appelles ?|Peux-tu m'aider ?|Oui|Non merci|D'accord|J'ai une question|De rien|Bonne nuit|Joyeux Noël",
    "es": "¡Hola!|Buenos días|Hola, ¿qué tal?|¿Cómo estás?|Adiós|Hasta luego|Nos vemos mañana|Muchas gracias|Gracias por tu ayuda|Perfecto, gracias"
    "|Muy bien|Lo siento|Perdón|Feliz cumpleaños|Que tengas un buen día|¿Quién eres?|¿Qué puedes hacer?|¿Cómo te llamas?|¿Puedes ayudarme?|Sí"
    "|No, gracias|Vale|De nada|Tengo una pregunta|jajaja|Buenas noches",
    "it": "Ciao!|Buongiorno|Buonasera a tutti|Come stai?|Come va?|Arrivederci|A presto|Ci vediamo domani|Grazie mille|Grazie per il tuo aiuto|Perfetto, grazie"
    "|Molto bene|Mi dispiace|Scusa|Tanti auguri|Buon Natale|Chi sei?|Cosa puoi fare?|Come ti chiami?|Puoi aiutarmi?|Sì|No grazie|Va bene|Prego|Ho una domanda|Buonanotte",
    "pt": "Olá!|Oi, tudo bem?|Bom dia|Boa noite|Como vai?|Tchau|Até logo|Até amanhã!|Muito obrigado|Obrigada pela ajuda|Perfeito, obrigado|Muito bom|Desculpe"
    "|Sinto muito|Feliz aniversário|Feliz Natal|Tenha um bom dia|Quem é você?|O que você pode fazer?|Qual é o seu nome?|Você pode me ajudar?|Sim|Não, obrigado|Tá bom|De nada|Tenho uma pergunta|kkkkk",
    "nl": "Hallo|Goedemorgen|Hoi, alles goed?|Hoe gaat het met je?|Tot ziens|Doei!|Tot morgen|Dank je wel|Hartelijk bedankt|Bedankt voor je hulp|Heel goed"
    "|Geweldig, bedankt|Sorry|Het spijt me|Fijne dag nog|Gelukkig nieuwjaar|Wie ben je?|Wat kun je doen?|Hoe heet je?|Kun je me helpen?|Ja|Nee, bedankt|Graag gedaan|Ik heb een vraag|Welterusten",
    "pl": "Cześć!|Dzień dobry|Dobry wieczór|Jak się masz?|Co słychać?|Do widzenia|Do zobaczenia|Dobranoc|Dziękuję bardzo|Dzięki za pomoc|Świetnie, dziękuję|Bardzo dobrze|Przepraszam"
    "|Nic nie szkodzi|Wszystkiego najlepszego|Miłego dnia|Kim jesteś?|Co potrafisz?|Jak masz na imię?|Czy możesz mi pomóc?|Tak|Nie, dziękuję|Proszę bardzo|Mam pytanie|Wesołych świąt",
    "ru": "Привет!|Здравствуйте|Доброе утро|Как дела?|Как ты?|До свидания|Пока|До завтра|Спасибо большое|Спасибо за помощь|Отлично, спасибо|Очень хорошо|Извините|Мне очень жаль"
    "|С днём рождения!|Хорошего дня|Кто ты?|Что ты умеешь?|Как тебя зовут?|Можешь мне помочь?|Да|Нет, спасибо|Понятно|Не за что|У меня есть вопрос|Спокойной ночи|ахаха|хахаха",
    "tr": "Merhaba!|Günaydın|İyi akşamlar|Nasılsın?|Naber|Hoşça kal|Görüşürüz|İyi geceler|Teşekkür ederim|Çok teşekkürler|Yardımın için teşekkürler|Harika, teşekkürler|Çok güzel|Özür dilerim"
    "|Kusura bakma|Mutlu yıllar|İyi günler|Sen kimsin?|Ne yapabilirsin?|Adın ne?|Bana yardım eder misin?|Evet|Hayır, teşekkürler|Tamam|Rica ederim|Bir sorum var",
    "zh": "你好！|您好|早上好|大家好|你好吗？|最近怎么样|再见|拜拜|明天见|晚安|谢谢你|非常感谢|谢谢你的帮助|太好了，谢谢|很好|对不起|不好意思|没关系|生日快乐|新年快乐|祝你好运|你是谁？"
    "|你能做什么？|你叫什么名字？|你是机器人吗？|你能帮我吗？|是的|不用了，谢谢|好的|明白了|我有一个问题|哈哈哈|謝謝",
    "ja": "こんにちは|おはようございます|こんばんは！|はじめまして|お元気ですか？|さようなら|またね|また明日|おやすみなさい|ありがとうございます|どうもありがとう|ありがとうございました！|すごいですね|素晴らしいです"
    "|ごめんなさい|すみません|お誕生日おめでとうございます|頑張ってください|あなたは誰ですか？|何ができますか？|お名前は何ですか|手伝ってくれますか|はい|いいえ、結構です|わかりました|質問があります|どういたしまして",
    "ko": "안녕하세요|안녕!|좋은 아침이에요|반갑습니다|잘 지내세요?|안녕히 계세요|잘 가|내일 봐요|안녕히 주무세요|감사합니다|정말 고마워요|도와주셔서 감사합니다|좋아요|최고예요|미안해요|죄송합니다"
    "|생일 축하해요|새해 복 많이 받으세요|너는 누구야?|뭘 할 수 있어?|이름이 뭐예요?|도와줄 수 있어?|네|아니요, 괜찮아요|알겠습니다|질문 있어요|ㅋㅋㅋㅋ|천만에요",
    "ar": "مرحبا|السلام عليكم|صباح الخير|مساء الخير|كيف حالك؟|مع السلامة|إلى اللقاء|تصبح على خير|شكرا|شكرا جزيلا|شُكْرًا لك|شكرا على المساعدة|رائع، شكرا|ممتاز|آسف|عفوا|كل عام وأنت بخير|مبروك"
    "|من أنت؟|ما اسمك؟|هل يمكنك مساعدتي؟|نعم|لا شكرا|حسنا|لدي سؤال|هل أنت روبوت؟",
    "hi": "नमस्ते|नमस्कार जी|सुप्रभात|आप कैसे हैं?|क्या हाल है?|अलविदा|फिर मिलेंगे|शुभ रात्रि|धन्यवाद|बहुत बहुत धन्यवाद|मदद के लिए धन्यवाद|बहुत अच्छा|शानदार|माफ कीजिए|मुझे खेद है|जन्मदिन मुबारक"
    "|आप कौन हैं?|तुम क्या कर सकते हो?|आपका नाम क्या है?|क्या आप मेरी मदद कर सकते हैं?|हाँ|नहीं, धन्यवाद|ठीक है|मेरा एक सवाल है",
    "": "👍|😂😂|❤️|:)|:-D|😀🎉|ok 👍|merci 😊",
}

ABOUT_CONVERSATION = {
    "en": "What did I just ask?|what did I ask you before?|Repeat that|Can you repeat that, please?|can you summarise what you said|Say that shorter|Say it again"
    "|translate your last answer into German|Translate that to French, please|in English please|Thanks, can you repeat that?|What was my first question?|What did you say?"
    "|What have we talked about so far?|Shorter please|In one sentence, please|Could you rephrase that?|Summarize our conversation|what was your last answer?"
    "|Explain that in simpler terms|in other words?|Do you remember my name?|Give me a summary of our conversation|One more time please",
    "de": "Was habe ich gerade gefragt?|Kannst du das wiederholen?|Wiederhole das bitte|Auf Deutsch bitte|Bitte kürzer|Fass das bitte zusammen|Übersetze deine letzte Antwort ins Englisch"
    "|Sag das noch einmal|Was war meine letzte Frage?|Kannst du das auf Englisch sagen?|Worüber haben wir gesprochen?",
    "fr": "Qu'est-ce que je viens de demander ?|Peux-tu répéter ?|Répète, s'il te plaît|En français s'il vous plaît|Plus court|Résume notre conversation|Traduis ta dernière réponse en anglais|Quelle était ma première question ?|Qu'as-tu dit ?",
    "es": "¿Qué acabo de preguntar?|¿Puedes repetir eso?|Repite, por favor|En español, por favor|Más corto por favor|Resume lo que dijiste|Traduce tu última respuesta al inglés|¿Cuál fue mi primera pregunta?|¿Qué dijiste?",
    "it": "Cosa ho appena chiesto?|Puoi ripetere?|Ripeti per favore|In italiano per favore|Più breve|Traduci la tua ultima risposta in inglese|Qual era la mia prima domanda?|Cosa hai detto?",
    "pt": "O que eu acabei de perguntar?|Você pode repetir isso?|Repita, por favor|Em português, por favor|Mais curto|Traduza sua última resposta para inglês|Qual foi a minha primeira pergunta?|O que você disse?",
    "nl": "Wat vroeg ik net?|Kun je dat herhalen?|Herhaal dat even|In het Nederlands alsjeblieft|Korter|Wat zei je?|Wat was mijn eerste vraag?|Vertaal je laatste antwoord naar het Engels",
    "pl": "O co zapytałem?|Czy możesz to powtórzyć?|Powtórz proszę|Po polsku proszę|Krócej|O czym rozmawialiśmy?|Jakie było moje pierwsze pytanie?|Przetłumacz to na angielski",
    "ru": "Что я спросил?|Можешь повторить?|Повтори, пожалуйста|На русском, пожалуйста|Короче|Что ты сказал?|О чём мы говорили?|Переведи свой последний ответ на английский|Какой был мой первый вопрос?",
    "tr": "Az önce ne sordum?|Tekrar eder misin?|Bunu tekrarla lütfen|Türkçe lütfen|Daha kısa|Ne dedin?|Son cevabını İngilizceye çevir|İlk sorum neydi?",
    "zh": "我刚才问了什么？|你刚才说了什么|请再说一遍|请重复一遍|用英语说|翻译成德语|短一点|总结一下|把你的回答翻译成英文|我的第一个问题是什么？",
    "ja": "さっき何を聞きましたか？|もう一度言ってください|もう一度お願いします|日本語でお願いします|短くして|要約してください|英語に翻訳してください|私の最初の質問は何でしたか？",
    "ko": "내가 방금 뭐라고 물어봤지?|다시 말해 주세요|한국어로 해줘|더 짧게|요약해줘|영어로 번역해줘|내 첫 질문이 뭐였지?",
    "ar": "ماذا سألت للتو؟|كرر من فضلك|بالعربية من فضلك|ماذا قلت؟|لخص ذلك|ترجم إجابتك الأخيرة إلى الإنجليزية|ما هو سؤالي الأول؟",
    "hi": "मैंने अभी क्या पूछा?|फिर से कहो|हिंदी में बताइए|आपने क्या कहा?|संक्षेप में बताओ|मेरा पहला सवाल क्या था?",
}

SUMS = {
    "": "2+2|12 * 9|12x9|12 × 9|144 ÷ 12|144/12|(3+4)*5|2^10|2**10|√16|5² + 3|3.5 * 2|1,000 * 3|12 - 9|2 + 2 = ?|2+2=4?|15-7=|１２＋５|20% * 50|-3 + 5|3 + 4 * 2 - 1|[2+3]*4|7*8",
    "en": "What is 7 plus 15?|what is seven plus fifteen|What's 12 divided by 4?|what is 15 percent of 80|20 % of 50|half of 8|½ of 8|a third of 9|square root of 144|7 squared|what is 2 to the power of 8"
    "|What is 10/2?|what is 15-7|what is the sum of 2 and 2|add 3 and 4|multiply 6 by 7|Hi, what is 2+2?|twenty-five times four|one hundred and five minus three|How much is 300 percent of 2500?|Calculate 3*4, please",
    "de": "Was ist 12 mal 9?|Wie viel ist sieben plus fünfzehn?|fünfundzwanzig plus drei|20% von 50|Was sind 20 Prozent von 50?|Rechne 3*4 aus|die Wurzel aus 16|die Hälfte von 8|144 geteilt durch 12|Was ergibt 2 hoch 8?",
    "fr": "Combien font 3 fois 4 ?|Combien font sept plus huit ?|quatre-vingt-dix plus deux|15 % de 80|la racine carrée de 16|la moitié de 8|12 divisé par 4",
    "es": "¿Cuánto es 7 más 15?|cuánto es 3 por 4|treinta y cinco menos dos|el 20% de 50|raíz cuadrada de 16|la mitad de 8|¿Cuánto son siete más ocho?",
    "it": "Quanto fa 7 più 15?|quanto fa 3 per 4|ventuno più due|il 20% di 50|radice quadrata di 16|la metà di 8",
    "pt": "Quanto é 7 mais 15?|quanto é 3 vezes 4|vinte e cinco mais três|20% de 50|raiz quadrada de 16|metade de 8",
    "nl": "Hoeveel is 7 plus 15?|vijfentwintig keer vier|20% van 50|de wortel van 16|de helft van 8",
    "pl": "Ile to jest 7 plus 15?|siedem razy osiem|20% z 50|pierwiastek z 16|12 podzielić przez 4",
    "ru": "Сколько будет 7 плюс 15?|семь умножить на восемь|20% от 50|корень из 16|половина от 8",
    "tr": "7 artı 15 kaç eder?|yedi çarpı sekiz|12 bölü 4 kaç",
    "zh": "7加15等于多少？|七加八等于几|二十五乘以四|3和5的和是多少|一百減去三十|１５％ of ８０|80的15%是多少|16的平方根",
    "ja": "7足す15は？|7+15は何ですか|25の2乗は|12割る4は|16の平方根は",
    "ko": "7 더하기 15는 얼마야?|십오 더하기 칠|12 나누기 4|16의 제곱근",
    "ar": "7 زائد 15 كم يساوي|كم يساوي 7 زائد 15؟|١٢ + ٥|نصف 8",
    "hi": "7 जोड़ 15 कितना है|7 और 15 का योग|१२ + ५|80 का 15 प्रतिशत कितना है",
}

CONTENT = {
    "": "4711|¿?|#|https://example.org|a@b.c",
    "en": "Hi, when does the ferry leave?|Thanks, and how much is it?|Hello Kitty opening hours|good morning train times|Is there a thank-you page?|What is the sum of the fees?"
    "|1984|What is 3M?|24/7?|9/11|2024-05-01|7-Eleven|3 + 4 rooms price|who are you allowed to invite|Wi-Fi?|check-in?|e-mail|Is it nice there?|Who are you to the king?|Nice|fine|fines?"
    "|Goodbye Lenin showtimes|thank you letter template|Happy Hour|What does ok mean in the log?|hello world example|Can you help me with parking?|yes man release date|no smoking|no parking?"
    "|Are you open today?|Are you open on Sundays?|What can you do in Port Ondrel?|What can I do there?|How are you funded?|How old are the baths?|Where are you located?|Good night bus|welcome desk|Who is the mayor?"
    "|Thanks. Now the library|Sorry, which bus?|ok, and by whom?|ok and then?|ok, and now?|and the second one?|option b|could you explain|why?|when?|What did I need to bring?|Repeat prescriptions|Translate service|Summarise the parking rules"
    "|Is the tour in English?|What was my fee?|What did we agree about pets?|shorter route|translation of the museum guide into German|What is the answer to question 4?|Can you repeat a course?|What did you charge for the ferry?"
    "|4x4|1920x1080|10-12|10 - 12|10:30 - 12:00|+49 30 123|18+|3 km + 4 km|What is 9/11?|What is 24/7?|what is 2019-20?|555-1234|12/24/2026|5%|minus 5|twenty|what is 7?|price for 2 adults plus 1 child"
    "|2 for 1|Route 66|C++|5€ + 3€|what is two factor authentication|7 days|how much is 3 nights|1-800-555|12-18-2020|What is 1984-85?|3 plus|Python 3.11|one|COVID-19|half board|double room|20° + 5°|What is Section 5 plus annex?"
    "|Hi ferry|love letters|Great Britain|super market|Perfect Day cafe|cool storage|top floor|The test failed|test results|help|legal|toll|insurance|🚢?|?|...|SUP rental|UPS|HI hostels|bye-laws|hi-fi|A 12 * 4|Translate|What is 9 to 5?|Thanksgiving hours|Line 1",
    "de": "Hallo, wann fährt die Fähre?|Danke, und was kostet das?|Guten Morgen Apotheke Öffnungszeiten|Was kostet ein Doppelzimmer mit Frühstück?|Darf mein Hund mit?|Klasse|Toll|Wer bist du zu fragen befugt|Was kannst du in Berlin machen?"
    "|Gute Nacht Tee|Danke sagen auf Hochzeiten|Was ist die Summe der Gebühren?|Zwei Zimmer plus Frühstück|Auf Deutsch lernen Kurse|Gesundheit|ja oder nein Tickets|ein Stück|Wiederhole die Prüfung",
    "fr": "Bonjour, à quelle heure part le bac ?|Merci, et combien ça coûte ?|Salut les Copains magazine|santé|Qui est le maire ?|la somme des frais|deux chambres|Que peut-on faire au port ?|pour répéter l'examen",
    "es": "Hola, ¿a qué hora sale el ferry?|Gracias, ¿y cuánto cuesta?|seguro|salud|dos por uno|2 por 1|2x1|¿Quién es el alcalde?|¿Qué puedo hacer en el puerto?|Buenas noches hotel|la suma de las tasas",
    "it": "Ciao, a che ora parte il traghetto?|Grazie, e quanto costa?|salute|Chi è il sindaco?|due camere|Ciao Roma ristorante|Cosa puoi fare al porto?|prego aprire",
    "pt": "Olá, a que horas sai o barco?|Obrigado, e quanto custa?|saúde|show|Quem é o prefeito?|dois quartos|Bom dia padaria|O que você pode fazer no porto?",
    "nl": "Hallo, hoe laat vertrekt de boot?|Bedankt, en wat kost het?|dag|Wie is de burgemeester?|twee kamers|Goedemorgen krant|Wat kun je doen in de haven?",
    "pl": "Cześć, o której odpływa prom?|Dzięki, a ile to kosztuje?|zdrowie|Kto jest burmistrzem?|dwa pokoje|Dzień dobry telewizja program",
    "ru": "Привет, когда отходит паром?|Спасибо, а сколько это стоит?|класс|Кто мэр?|две комнаты|Доброе утро газета|Что можно делать в порту?",
    "tr": "Merhaba, feribot ne zaman kalkıyor?|Teşekkürler, ne kadar?|net|Belediye başkanı kim?|iki oda|İyi geceler otel",
    "zh": "你好，渡轮几点开？|谢谢，多少钱？|你好酒店|早餐几点|谁是市长？|两个房间|再见电影|一百|三国演义|七天酒店|请问图书馆在哪里|长桥是谁建造的？",
    "ja": "こんにちは、フェリーは何時に出ますか？|ありがとう、いくらですか？|市長は誰ですか|二つの部屋|おはよう朝日です|図書館はどこ|三菱",
    "ko": "안녕하세요, 배는 언제 출발하나요?|고마워요, 얼마예요?|시장은 누구야?|방 두 개|안녕 베이커리|도서관은 어디예요?",
    "ar": "مرحبا، متى تغادر العبارة؟|شكرا، وكم السعر؟|من هو العمدة؟|غرفتان|صباح الخير مطعم|أين المكتبة؟",
    "hi": "नमस्ते, नाव कब चलती है?|धन्यवाद, और कितने का है?|मेयर कौन है?|दो कमरे|नमस्ते इंडिया रेस्तरां|पुस्तकालय कहाँ है?",
}
