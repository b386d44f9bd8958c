from __future__ import annotations

import numpy as np
import pytest

from eval.stats import (
    auroc,
    cluster_numbers,
    estimate_mean,
    holm,
    mcnemar,
    paired_bootstrap,
    percentile,
    resample,
    wilson,
)


def test_wilson_matches_published_values() -> None:
    """Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)


def test_mcnemar_is_the_exact_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(10, 0) == pytest.approx(2 / 2**10)
    assert mcnemar(6, 2) == pytest.approx(2 * (1 + 8 + 28) / 2**8)


def test_holm_multiplies_step_by_step_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.1])) == pytest.approx(3.5 / 4)


def test_a_clustered_interval_is_wider_than_one_of_single_items() -> None:
    generator = np.random.default_rng(3)
    per_cluster = generator.integers(0, 2, 40).astype(float)
    values = np.repeat(per_cluster, 10).reshape(-1, 1)
    clusters = [f"c{number}" for number in range(40) for _ in range(10)]
    wide = estimate_mean(resample(["m"], values, clusters), "m")
    narrow = estimate_mean(resample(["m"], values, [str(number) for number in range(400)]), "m")
    assert wide and narrow
    assert wide.value == narrow.value == per_cluster.mean()
    assert (wide.high - wide.low) > 2.5 * (narrow.high - narrow.low)
    assert wide.high - wide.low == pytest.approx(2 * 1.96 * per_cluster.std() / np.sqrt(40), rel=0.15)


def test_too_few_clusters_are_not_resampled_as_clusters() -> None:
    assert list(cluster_numbers(["a", "a", "b"])) == [0, 1, 2]
    assert cluster_numbers([str(number // 2) for number in range(40)]).max() == 19


def test_missing_values_are_left_out_not_counted_as_zero() -> None:
    data = resample(["m", "none"], np.array([[1.0, np.nan], [np.nan, np.nan], [0.0, np.nan]]), ["a", "b", "c"])
    found = estimate_mean(data, "m")
    assert found and (found.value, found.n) == (0.5, 2)
    assert estimate_mean(data, "none") is None


def test_small_proportions_get_wilson_other_figures_the_bootstrap() -> None:
    share = estimate_mean(resample(["m"], np.ones((20, 1)), [str(n) for n in range(20)]), "m")
    assert share and (share.low, share.high) == wilson(20, 20)
    mean = estimate_mean(resample(["m"], np.full((20, 1), 0.5), [str(n) for n in range(20)]), "m")
    assert mean and (mean.low, mean.high) == (0.5, 0.5)


def test_the_same_data_give_the_same_interval() -> None:
    values = np.random.default_rng(1).random((150, 1))
    clusters = [str(number) for number in range(150)]
    assert estimate_mean(resample(["m"], values, clusters), "m") == estimate_mean(resample(["m"], values, clusters), "m")


def test_bootstrap_intervals_cover_the_truth() -> None:
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        values = generator.beta(2, 1, size=(120, 1))
        found = estimate_mean(resample(["m"], values, [str(n) for n in range(120)], replicates=400), "m")
        assert found
        covered += found.low <= 2 / 3 <= found.high
    assert 0.90 <= covered / 200 <= 0.985


def test_comparing_a_system_with_itself_raises_few_alarms() -> None:
    """A/A: two runs of equal worth over clustered questions; fewer than 7% of comparisons may call them different."""
    generator = np.random.default_rng(5)
    alarms = {"bootstrap": 0, "interval": 0, "mcnemar": 0}
    trials = 400
    clusters = [f"c{number // 3}" for number in range(180)]
    for _ in range(trials):
        difficulty = np.repeat(generator.beta(2, 1, 60), 3)
        first, second = (generator.random(180) < difficulty).astype(float), (generator.random(180) < difficulty).astype(float)
        change, p = paired_bootstrap(second - first, clusters, replicates=400)
        alarms["bootstrap"] += p < 0.05
        alarms["interval"] += change.low > 0 or change.high < 0
        alarms["mcnemar"] += mcnemar(int((second > first).sum()), int((second < first).sum())) < 0.05
    assert {name: count for name, count in alarms.items() if count / trials >= 0.07} == {}


def test_a_real_difference_is_seen() -> None:
    generator = np.random.default_rng(6)
    difference = (generator.random(400) < 0.12).astype(float) - (generator.random(400) < 0.02).astype(float)
    change, p = paired_bootstrap(difference, [str(number) for number in range(400)])
    assert p < 0.01
    assert change.low > 0


def test_percentiles_have_intervals_around_them() -> None:
    found = percentile(np.arange(1, 1002, dtype=np.float64), 95)
    assert found.value == pytest.approx(951)
    assert found.low < 951 < found.high
