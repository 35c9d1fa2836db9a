"""Compares what gates/ computed with scipy, statsmodels and ppi_py.

Reads {check: [case, ...]} as JSON from standard input; writes {check: {cases, worst} or {skipped}} as JSON to standard output.
"""

import importlib
import json
import sys


def beta(cases):
    special = importlib.import_module("scipy.special")
    for case in cases:
        yield case["cdf"], special.betainc(case["a"], case["b"], case["x"])
        yield case["quantile"], special.betaincinv(case["a"], case["b"], case["p"])


def interval(method):
    def compare(cases):
        proportion = importlib.import_module("statsmodels.stats.proportion")
        for case in cases:
            low, high = proportion.proportion_confint(case["count"], case["n"], method=method)
            # Jeffreys' ends at none and all are 0 and 1 here, as Brown, Cai and DasGupta have it; statsmodels leaves them open.
            if method != "jeffreys" or case["count"] > 0:
                yield case["low"], low
            if method != "jeffreys" or case["count"] < case["n"]:
                yield case["high"], high

    return compare


def newcombe(cases):
    proportion = importlib.import_module("statsmodels.stats.proportion")
    for case in cases:
        low, high = proportion.confint_proportions_2indep(
            case["a"][0], case["a"][1], case["b"][0], case["b"][1], method="newcomb", compare="diff"
        )
        yield case["low"], low
        yield case["high"], high


def hajek(cases):
    weightstats = importlib.import_module("statsmodels.stats.weightstats")
    for case in cases:
        weighted = weightstats.DescrStatsW(case["y"], weights=[1 / pi for pi in case["pi"]])
        yield case["mean"], weighted.mean


def cluster(cases):
    numpy = importlib.import_module("numpy")
    api = importlib.import_module("statsmodels.api")
    for case in cases:
        y = numpy.array(case["y"])
        model = api.WLS(y, numpy.ones(len(y)), weights=case["weights"])
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": numpy.array(case["clusters"])})
        yield case["mean"], fit.params[0]
        yield case["variance"], fit.cov_params()[0][0]


def ppi(cases):
    numpy = importlib.import_module("numpy")
    package = importlib.import_module("ppi_py")
    for case in cases:
        both, label, judge, neither = case["pairs"]
        y = numpy.array([1.0] * (both + label) + [0.0] * (judge + neither))
        yhat = numpy.array([1.0] * both + [0.0] * label + [1.0] * judge + [0.0] * neither)
        failed, n = case["unlabelled"]
        unlabelled = numpy.array([1.0] * failed + [0.0] * (n - failed))
        low, high = package.ppi_mean_ci(y, yhat, unlabelled, alpha=0.05)
        yield case["low"], float(numpy.ravel(low)[0])
        yield case["high"], float(numpy.ravel(high)[0])


CHECKS = {
    "incomplete beta function and its inverse": beta,
    "Clopper-Pearson": interval("beta"),
    "Wilson": interval("wilson"),
    "Jeffreys": interval("jeffreys"),
    "MOVER, difference of two rates": newcombe,
    "Hájek": hajek,
    "cluster-robust variance": cluster,
    "PPI++": ppi,
}


def main():
    answers = {}
    for name, cases in json.load(sys.stdin).items():
        try:
            differences = [abs(float(ours) - float(theirs)) for ours, theirs in CHECKS[name](cases)]
            answers[name] = {"cases": len(cases), "worst": max(differences)}
        except ImportError as error:
            answers[name] = {"skipped": f"Python has no module {error.name}"}
    json.dump(answers, sys.stdout)


main()
