"""Questions that need no documents: greetings, sums, general knowledge, and texts to be rewritten.

A seeded generator combines their parts into thousands of questions. Every answer is computed or looked up, so
no model has to check it.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from dynamicrag.lab.synthesize.facts import MONTHS
from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.from_facts import Attempt, IsDuplicate
from dynamicrag.lab.synthesize.question import SyntheticQuestion

_CAPITALS = {
    "France": "Paris", "Japan": "Tokyo", "Canada": "Ottawa", "Egypt": "Cairo", "Peru": "Lima",
    "Norway": "Oslo", "Kenya": "Nairobi", "Portugal": "Lisbon", "Thailand": "Bangkok", "Cuba": "Havana",
    "Hungary": "Budapest", "Greece": "Athens", "Poland": "Warsaw", "Finland": "Helsinki", "Iran": "Tehran",
    "Ireland": "Dublin", "Austria": "Vienna", "Chile": "Santiago", "Denmark": "Copenhagen",
    "Australia": "Canberra", "Argentina": "Buenos Aires", "Spain": "Madrid", "Italy": "Rome",
    "Germany": "Berlin", "Russia": "Moscow", "Sweden": "Stockholm", "Iraq": "Baghdad", "Nepal": "Kathmandu",
}  # fmt: skip
_SYMBOLS = {
    "oxygen": "O", "gold": "Au", "iron": "Fe", "sodium": "Na", "silver": "Ag", "copper": "Cu", "lead": "Pb",
    "helium": "He", "potassium": "K", "tin": "Sn", "carbon": "C", "zinc": "Zn", "mercury": "Hg",
    "calcium": "Ca",
}  # fmt: skip
_AUTHORS = {
    "Hamlet": "William Shakespeare", "War and Peace": "Leo Tolstoy", "Don Quixote": "Miguel de Cervantes",
    "Pride and Prejudice": "Jane Austen", "Moby-Dick": "Herman Melville",
    "Faust": "Johann Wolfgang von Goethe", "The Trial": "Franz Kafka", "Animal Farm": "George Orwell",
    "Oliver Twist": "Charles Dickens", "The Odyssey": "Homer", "Frankenstein": "Mary Shelley",
    "Crime and Punishment": "Fyodor Dostoevsky",
}  # fmt: skip
_COUNTS = {
    "legs does a spider have": "8", "days are there in a leap year": "366", "sides does a hexagon have": "6",
    "minutes are there in three hours": "180", "continents are there": "7", "strings does a violin have": "4",
    "players does a football team have on the pitch": "11", "letters are in the English alphabet": "26",
    "degrees are in a right angle": "90", "planets are in the solar system": "8",
    "teeth does an adult human normally have": "32", "zeros does a million have": "6",
}  # fmt: skip
_VERBS = {
    "walks": "walked", "looks": "looked", "waits": "waited", "paints": "painted", "calls": "called",
    "opens": "opened", "repairs": "repaired", "cleans": "cleaned", "follows": "followed", "helps": "helped",
}  # fmt: skip
_PEOPLE = ("the baker", "my sister", "the teacher", "a sailor", "the old man", "our neighbour", "the nurse")
_THINGS = (
    "the red boat", "a small dog", "the window", "a letter", "the garden gate", "two chairs", "the lamp",
)  # fmt: skip
_WORDS = (
    "apple", "river", "stone", "candle", "window", "garden", "hammer", "yellow", "morning", "ladder",
    "basket", "orange", "pencil", "forest", "copper", "needle", "violin", "umbrella", "island", "thunder",
)  # fmt: skip
_OPENINGS = (
    "Hi", "Hello", "Hey", "Good morning", "Good afternoon", "Good evening", "Hi there", "Hello again",
)  # fmt: skip
_REMARKS = (
    "how are you today?", "are you there?", "can you help me?", "nice to meet you.",
    "I have a few questions.", "I am new here.", "what can you do?", "hope you are well.",
    "it is me again.", "thanks for your time.",
)  # fmt: skip
_THANKS = ("Thanks", "Thank you", "Many thanks", "Great, thanks", "Thank you very much", "Perfect")
_PARTINGS = (
    "that helped.", "that was all.", "goodbye!", "have a nice day.", "see you tomorrow.",
    "that is clear now.", "I will try that.", "you have been very kind.",
)  # fmt: skip


def greeting(rng: random.Random) -> SyntheticQuestion:
    """Return small talk, without a right answer."""
    first, then = rng.choice(((_OPENINGS, _REMARKS), (_THANKS, _PARTINGS)))
    return SyntheticQuestion(f"{rng.choice(first)}, {rng.choice(then)}", "greeting")


def sum_of(rng: random.Random) -> SyntheticQuestion:
    """Return an arithmetic problem."""
    a, b = rng.randint(3, 60), rng.randint(3, 30)
    question, value = rng.choice(
        (
            (f"What is {a} plus {b}?", a + b),
            (f"What is {a + b} minus {b}?", a),
            (f"What is {a} times {b}?", a * b),
            (f"What is {a * b} divided by {b}?", a),
            (f"How much is {10 * b} percent of {100 * a}?", 10 * a * b),
            (f"If one costs {a} euros, what do {b} of them cost?", a * b),
            (f"How many minutes are {b} hours?", 60 * b),
            (f"What is the next number: {a}, {a + b}, {a + 2 * b}?", a + 3 * b),
        )
    )
    return SyntheticQuestion(question, "general", (str(value),))


def knowledge(rng: random.Random) -> SyntheticQuestion:
    """Return a question of general knowledge."""
    country, capital = rng.choice(tuple(_CAPITALS.items()))
    element, symbol = rng.choice(tuple(_SYMBOLS.items()))
    book, author = rng.choice(tuple(_AUTHORS.items()))
    what, number = rng.choice(tuple(_COUNTS.items()))
    question, answers = rng.choice(
        (
            (f"What is the capital of {country}?", (capital,)),
            (f"Of which country is {capital} the capital?", (country,)),
            (f"What is the chemical symbol of {element}?", (symbol,)),
            (f"Who wrote {book}?", (author, author.split()[-1])),
            (f"How many {what}?", (number,)),
        )
    )
    return SyntheticQuestion(question, "general", tuple(dict.fromkeys(answers)))


def rewriting(rng: random.Random) -> SyntheticQuestion:
    """Return a text to rewrite by a rule that has one right result."""
    who, thing = rng.choice(_PEOPLE), rng.choice(_THINGS)
    now, before = rng.choice(tuple(_VERBS.items()))
    some = rng.sample(_WORDS, 4)
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1900, 2020)
    sentence = f"{who[0].upper()}{who[1:]} {now} in the evening."
    task, result = rng.choice(
        (
            (f"Put this sentence into the past tense: {sentence}", sentence.replace(now, before)),
            (f"Write in capital letters: {who} and {thing}", f"{who} and {thing}".upper()),
            (f"Sort these words alphabetically: {', '.join(some)}", ", ".join(sorted(some))),
            (f"Write these words in reverse order: {' '.join(some)}", " ".join(reversed(some))),
            (f"Spell this word backwards: {some[0]}", some[0][::-1]),
            (f"Write this date as year-month-day: {day} {MONTHS[month - 1]} {year}",
             f"{year}-{month:02}-{day:02}"),
            (f"Join with commas: {' '.join(some)}", ", ".join(some)),
        )
    )  # fmt: skip
    return SyntheticQuestion(task, "rewrite", (result,))


GENERATORS: Sequence[Callable[[random.Random], SyntheticQuestion]] = (greeting, sum_of, knowledge, rewriting)


def no_documents(rng: random.Random) -> Iterator[Attempt]:
    """Yield attempts at questions that need no documents, of every type in turn."""
    while True:
        for generate in GENERATORS:
            yield partial(_unless_duplicate, generate(rng))


async def _unless_duplicate(question: SyntheticQuestion, duplicate: IsDuplicate) -> SyntheticQuestion:
    if duplicate(question.question):
        raise Refused("duplicate", question.question)
    return question
