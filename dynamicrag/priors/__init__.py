"""Floor 3: the shipped prior: what is known about every option before anything was recorded.

All parts estimate on one scale, the logit of the probability of a right answer. They are learnt offline by
``python -m dynamicrag.lab.priors`` and shipped as arrays; ``data/card.md`` names the data and the limits.
"""
