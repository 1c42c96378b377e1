"""All targets."""

from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.policies import FILES, MAPPINGS
from tests.fuzz.questions import QUESTIONS
from tests.fuzz.runs import RUNS
from tests.fuzz.states import STATES
from tests.fuzz.tables import SAMPLED, TABLES

TARGETS = (FILES, MAPPINGS, QUESTIONS, TABLES, SAMPLED, STATES, RUNS, DOCUMENTS)
