"""Linear regression per option, with an upper confidence bound."""

from dynamicrag.predictors.arms import LinearArms
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.exploration import Exploration


@PREDICTORS.register("linucb")
class LinUCB(LinearArms):
    """Takes the option with the highest upper confidence bound of a linear regression, ``xᵀθ + α√(xᵀA⁻¹x)``.

    LinUCB with disjoint linear models, Li et al. 2010 (arXiv 1003.0146, Algorithm 1), the bandit of MetaLLM,
    Nguyen et al. 2024 (arXiv 2407.10834). Li et al. have λ = 1 and no discount. With γ below 1, each option
    fades on its own clock: a reward fades the earlier rewards of the same option alone.

    Args:
        alpha: α: the spreads added to the estimate; 0 never explores.
        ridge: λ: weight of the prior, in observations per unit of x.
        discount: γ: the factor on an option's earlier rewards; 1 never forgets.
        seed: Not used.
    """

    paper = "Li et al. 2010, arXiv 1003.0146; Nguyen et al. 2024, MetaLLM, arXiv 2407.10834"

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        ridge: float = 1.0,
        discount: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(ridge=ridge, discount=discount, seed=seed)
        if not 0 <= alpha < float("inf"):
            raise ValueError(f"alpha: expected a number of 0 or more, got {alpha}")
        self.alpha = alpha

    @property
    def exploration(self) -> Exploration:
        """Optimism by α spreads."""
        return Exploration(optimism=self.alpha)
