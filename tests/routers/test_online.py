"""Learners as routers: the base estimate, what they learnt beyond it, and their own exploration."""

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.online import Learner
from dynamicrag.routers.online import Learnt, Online
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures
from tests.routers.test_prior import choice, rag, standing  # noqa: F401 - fixtures
