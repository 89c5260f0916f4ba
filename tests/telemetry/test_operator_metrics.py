"""The operator's metrics page: every name once, with a help text, and no larger in a larger cluster."""

from prometheus_client.parser import text_string_to_metric_families

from fairlead.telemetry.operator_metrics import ConditionCount, InformerHealth, OperatorMetrics


def samples(metrics: OperatorMetrics) -> dict[str, float]:
    """The page's samples, without buckets."""
    return {
        f"{one.name}{sorted(one.labels.values()) if one.labels else ''}": one.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for one in family.samples
        if not one.name.endswith("_bucket")
    }


def all_counted() -> OperatorMetrics:
    """A process that reported everything once."""
    metrics = OperatorMetrics()
    metrics.api_request("patch", "pods", 200, 0.02)
    metrics.api_request("watch", "pods", 0, 300.0)
    metrics.reconciled("done", 0.1, 1000.0, well=True)
    metrics.reconciled("failed", 0.1, 2000.0, well=False)
    metrics.waiting(3, 1.5)
    metrics.wrote_at_rest("deployments.apps")
    metrics.follows([InformerHealth(resource="pods", age_seconds=2.0, relists=1, objects=7)])
    metrics.follows([InformerHealth(resource="pods", age_seconds=3.0, relists=3, objects=8)])
    metrics.set_conditions({
        ("InferenceDeployment", "Ready", "True", "Serving"): ConditionCount(4, 500.0),
        ("InferenceDeployment", "Fits", "True", "Fits"): ConditionCount(2, None),
    })  # fmt: skip
    metrics.leads(True)
    metrics.reviewed(True, 0.01)
    metrics.certificate_lasts(1_764_000_000.0, 0.75)
    metrics.event_published(False)
    return metrics


def test_the_page_shows_what_was_recorded() -> None:
    found = samples(all_counted())
    assert {name.removeprefix("fairlead_operator_"): value for name, value in found.items()} == {
        "api_requests_total['200', 'patch', 'pods']": 1.0,
        "api_requests_total['0', 'pods', 'watch']": 1.0,
        "api_request_seconds_count['patch']": 1.0,
        "api_request_seconds_sum['patch']": 0.02,
        "reconciles_total['done']": 1.0,
        "reconciles_total['failed']": 1.0,
        "reconcile_seconds_count": 2.0,
        "reconcile_seconds_sum": 0.2,
        "last_success_timestamp_seconds": 1000.0,
        "workqueue_depth": 3.0,
        "workqueue_oldest_seconds": 1.5,
        "writes_at_rest_total['deployments.apps']": 1.0,
        "writes_at_rest_total['pods']": 0.0,
        "watch_age_seconds['pods']": 3.0,
        "relists_total['pods']": 3.0,
        "store_objects['pods']": 8.0,
        "objects['InferenceDeployment', 'Ready', 'Serving', 'True']": 4.0,
        "oldest_condition_timestamp_seconds['InferenceDeployment', 'Ready', 'Serving', 'True']": 500.0,
        "objects['Fits', 'Fits', 'InferenceDeployment', 'True']": 2.0,
        "leader": 1.0,
        "admission_reviews_total['true']": 1.0,
        "admission_seconds_count": 1.0,
        "admission_seconds_sum": 0.01,
        "certificate_expiration_timestamp_seconds": 1_764_000_000.0,
        "certificate_validity_left": 0.75,
        "events_total['dropped']": 1.0,
    }


def test_what_is_not_counted_any_more_leaves_the_page() -> None:
    metrics = all_counted()
    metrics.set_conditions({})
    metrics.leads(False)
    found = samples(metrics)
    assert found["fairlead_operator_leader"] == 0.0
    assert not [name for name in found if "InferenceDeployment" in name]


def test_writes_at_rest_are_counted_from_zero_so_that_the_first_one_is_an_increase() -> None:
    metrics = OperatorMetrics()
    metrics.follows([InformerHealth(resource="services", age_seconds=1.0, relists=0, objects=3)])
    name = "fairlead_operator_writes_at_rest_total['services']"
    assert samples(metrics)[name] == 0.0
    metrics.wrote_at_rest("services")
    metrics.follows([InformerHealth(resource="services", age_seconds=1.0, relists=0, objects=3)])
    assert samples(metrics)[name] == 1.0


def test_every_family_has_our_prefix_and_a_sentence_of_help() -> None:
    families = list(text_string_to_metric_families(all_counted().page().decode()))
    assert {one.name[:18] for one in families} == {"fairlead_operator_"}
    assert [one.name for one in families if not one.documentation.endswith(".")] == []


def test_two_processes_in_one_interpreter_do_not_share_a_page() -> None:
    assert samples(OperatorMetrics())["fairlead_operator_reconcile_seconds_count"] == 0.0
