"""Where the expected values in tests/ come from: numpy 2.4.6, SciPy 1.17.1, statsmodels 0.15.0.

    pip install numpy scipy statsmodels && python reference.py

Everything is computed by those libraries or by enumeration, nothing by formulas of memhost's own.
"""

import itertools

import numpy as np
import statsmodels.api as sm
from scipy import integrate, optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

# --- Data of the tests ------------------------------------------------------------------------------------------

GROUPS = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
OURS = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0.0])
THEIRS = np.array([1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0.0])
# rng = np.random.default_rng(7); np.round(rng.beta(2, 3, 40), 3)
INDEPENDENT = np.array([
    0.426, 0.293, 0.238, 0.408, 0.417, 0.148, 0.649, 0.546, 0.159, 0.355, 0.674, 0.197, 0.128, 0.41, 0.321, 0.191,
    0.698, 0.071, 0.564, 0.672, 0.552, 0.23, 0.36, 0.437, 0.109, 0.788, 0.505, 0.489, 0.3, 0.515, 0.054, 0.424, 0.77,
    0.657, 0.271, 0.438, 0.354, 0.323, 0.457, 0.224])
SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 4, 5, 6, 1, 3]
CLUSTERED = np.array([
    0.238, 0.455, 0.414, 0.323, 0.437, 0.343, 0.133, 0.15, 0.265, 0.216, 0.685, 0.591, 0.509, 0.742, 0.744, 0.481,
    0.549, 0.573, 0.578, 0.587, 0.45, 0.666, 0.39, 0.6, 0.564, 0.602, 0.702, 0.663, 0.235, 0.181, 0.431, 0.248, 0.348,
    0.434, 0.185, 0.139, 0.617, 0.595, 0.368, 0.396, 0.306, 0.32, 0.455, 0.374, 0.307, 0.329, 0.272, 0.319, 0.179,
    0.213, 0.157, 0.168, 0.276, 0.178, 0.292, 0.291, 0.97, 0.259, 0.487, 0.39])
OF = np.repeat(np.arange(len(SIZES)), SIZES)
RIVAL = 0.42  # what CLUSTERED and INDEPENDENT are compared with


# --- Intervals --------------------------------------------------------------------------------------------------

def expanded(groups):
    """Hesterberg (2015), section 5.3."""
    return 100 * stats.norm.cdf(-np.sqrt(groups / (groups - 1)) * stats.t.ppf(0.975, groups - 1))


def ends(means, groups):
    low = expanded(groups)
    return np.percentile(means, [low, 100 - low])


def enumerated(values, of):
    by_group = [values[of == g] for g in np.unique(of)]
    draws = itertools.product(range(len(by_group)), repeat=len(by_group))
    return ends([np.concatenate([by_group[i] for i in draw]).mean() for draw in draws], len(by_group))


def resampled(values, of, draws=400_000, seed=2):
    sums, counts = np.bincount(of, values), np.bincount(of)
    i = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    return ends(sums[i].sum(1) / counts[i].sum(1), len(sums))


print("expanded percent, 4 / 10 / 60 groups", [expanded(g) for g in (4, 10, 60)])
print("4 groups, enumerated", OURS.mean(), enumerated(OURS, GROUPS))
print("4 groups, paired, enumerated", (OURS - THEIRS).mean(), enumerated(OURS - THEIRS, GROUPS))
level = 1 - 2 * expanded(40) / 100
print("40 tasks, scipy.stats.bootstrap", INDEPENDENT.mean(), stats.bootstrap(
    (INDEPENDENT,), np.mean, n_resamples=200_000, method="percentile", confidence_level=level,
    rng=np.random.default_rng(1)).confidence_interval)
print("15 groups", resampled(CLUSTERED, OF))
print("the same as if independent", resampled(CLUSTERED, np.arange(60), 100_000))


# --- Standard error, effect, smallest detectable difference -----------------------------------------------------

def clustered_error(values, of):
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": of})
    return fit.bse[0]


def multiplier(groups):
    return stats.t.ppf(0.975, groups - 1) + stats.t.ppf(0.8, groups - 1)


for name, values, of in [("clustered", CLUSTERED, OF), ("independent", INDEPENDENT, np.arange(40))]:
    d = values - RIVAL
    error, groups = clustered_error(d, of), len(np.unique(of))
    print(name, "error", error, "effect", d.mean() / (error * np.sqrt(len(d))), "detectable", error * multiplier(groups))
print("d_z of the independent ones", (INDEPENDENT - RIVAL).mean() / np.std(INDEPENDENT - RIVAL, ddof=1))
sizes = np.array([5, 3, 3, 1])
print("detectable before", np.sqrt(0.5 * (sizes**2).sum()) / sizes.sum() * multiplier(4),
      np.sqrt(0.5 / 100) * multiplier(100))

# --- Tests ------------------------------------------------------------------------------------------------------

for b, c in [(0, 0), (1, 0), (6, 0), (12, 3), (45, 30), (150, 110)]:
    print("McNemar", b, c, mcnemar([[10, b], [c, 10]], exact=True).pvalue)


def flips(values, of, resamples):
    sums = np.bincount(of, values)
    return stats.permutation_test((sums,), np.sum, permutation_type="samples", n_resamples=resamples,
                                  alternative="two-sided", rng=np.random.default_rng(3)).pvalue


print("permutation, 4 groups", flips(OURS - THEIRS, GROUPS, np.inf))
print("permutation, 12 tasks", flips(OURS - THEIRS, np.arange(12), np.inf))
print("permutation, 15 groups", flips(CLUSTERED - 0.33, OF, np.inf))
print("permutation, 40 tasks", flips(INDEPENDENT - 0.33, np.arange(40), 1_000_000))
p = [0.01, 0.04, 0.03, 0.005, 0.6, 0.02]
print("Holm", multipletests(p, method="holm")[1])
for hits, trials in [(0, 20), (10, 200), (17, 200), (200, 200)]:
    interval = stats.binomtest(hits, trials).proportion_ci(0.95, method="exact")
    print("Clopper-Pearson", hits, trials, interval.low, interval.high)

# --- Luck: two strategies under three seeds, two-way clustered errors --------------------------------------------

RUNS = np.array([  # seeds by groups, two tasks each: as many as GROUPED
    [0.5, 0.1, 0.3, 0.2, 0.4, 0.3, 0.6, 0.2, 0.1, 0.5],
    [0.1, -0.2, 0.1, -0.1, 0.0, 0.2, 0.1, -0.1, -0.2, 0.1],
    [0.2, 0.0, 0.2, 0.1, 0.3, 0.1, 0.2, 0.1, 0.0, 0.2]])
GROUPED = np.repeat(np.arange(5), 2)
seeds = np.repeat(np.arange(3), 10)
groups = np.tile(GROUPED, 3)
values = RUNS.ravel()


def variance(of, corrected):
    fit = sm.OLS(values, np.ones(30)).fit(cov_type="cluster", cov_kwds={"groups": of, "use_correction": corrected})
    return fit.cov_params()[0, 0]


by_group, by_seed, by_both = variance(groups, True), variance(seeds, True), variance(groups * 10 + seeds, False)
print("luck's standard error", np.sqrt(by_seed - by_both))


def beyond(value):
    """How often luck goes beyond this: over all variances by seed that may have given the one that was seen."""
    def at(chi2):
        excess = by_seed * 2 / chi2 - by_both
        return 2 * stats.norm.sf(value / np.sqrt(excess)) * stats.chi2.pdf(chi2, 2) if excess > 0 else 0.0
    return integrate.quad(at, 0, 2 * by_seed / by_both, limit=500)[0] + (0 if value else stats.chi2.sf(2 * by_seed / by_both, 2))


print("luck beyond", [(value, beyond(value)) for value in (0.02, 0.1, 0.3, 1.0)])
reach = optimize.brentq(lambda value: beyond(value) - 0.002, 1e-3, 1e3)
print("luck beyond in .001 of draws on either side", reach)


def as_far(flip, mean):
    """How often a sum of signed parts with luck added is as far from zero."""
    def side(value):  # luck >= value
        return beyond(value) / 2 if value > 0 else 1 - beyond(-value) / 2
    return side(mean - flip) + side(mean + flip)


parts = np.bincount(groups, values) / 30
mean = parts.sum()
print("permutation with luck", mean, np.mean(
    [as_far(np.dot(signs, parts), mean) for signs in itertools.product([1, -1], repeat=5)]))
four = stats.ttest_1samp([0.20, 0.28, 0.12, 0.24], 0)
print("Student's t of four runs", four.pvalue, four.confidence_interval())
sizes = np.array([4, 1, 1, 1, 1, 1, 1, 1])
at21 = lambda groups: stats.t.ppf(1 - 0.025 / 21, groups - 1) + stats.t.ppf(0.8, groups - 1)
print("detectable, one of 21", clustered_error(CLUSTERED - RIVAL, OF) * at21(15), np.sqrt(0.5 / 100) * at21(100))
print("detectable before, eight groups", np.sqrt(0.5 * (sizes**2).sum()) / sizes.sum() * multiplier(8))
