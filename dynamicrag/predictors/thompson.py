"""Linear regression per option, with posterior sampling."""

from dynamicrag.predictors.arms import LinearArms
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.exploration import Exploration


@PREDICTORS.register("thompson")
class Thompson(LinearArms):
    """Samples the weights of a linear regression, ``θ ~ N(A⁻¹b, σ²A⁻¹)``, and takes the best option by them.

    Thompson sampling with linear payoffs, Agrawal and Goyal 2013 (arXiv 1209.3352), here with a regression
    per option, as the rival of GreenServ, Ziller et al. 2026 (arXiv 2601.17551). Their code was read: σ = .25
    and a prior variance of 2, that is λ = σ²/2 = .031; it multiplies the posterior's covariance by σ² once
    more than the model asks, which this class does not. The options' weights are independent, so a draw of
    each option's quality from ``N(xᵀθ, σ²xᵀA⁻¹x)`` is the same as a draw of its weights.

    Args:
        sigma: σ: standard deviation of a reward around its estimate.
        ridge: λ: weight of the prior, in observations per unit of x; its standard deviation is σ/√λ.
        discount: γ: the factor on an option's earlier rewards; 1 never forgets.
        seed: Not used: draws take the selection's generator.
    """

    paper = "Agrawal and Goyal 2013, arXiv 1209.3352; Ziller et al. 2026, GreenServ, arXiv 2601.17551"

    def __init__(
        self,
        *,
        sigma: float = 0.25,
        ridge: float = 1.0,
        discount: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(ridge=ridge, discount=discount, seed=seed)
        if not 0 < sigma < float("inf"):
            raise ValueError(f"sigma: expected a number above 0, got {sigma}")
        self.sigma = sigma

    @property
    def scale(self) -> float:
        """σ."""
        return self.sigma

    @property
    def exploration(self) -> Exploration:
        """Posterior sampling."""
        return Exploration(sample=True)
