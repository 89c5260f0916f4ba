"""Which test proves which property of a reliable operator, P1 to P32; `make prove` prints it.

Tests carry the number of what they prove in their docstring; a test compares this list with those numbers.
"""

from typing import Final, NamedTuple


class Property(NamedTuple):
    """One thing that a reliable operator always does, or never."""

    number: str
    wording: str
    tests: tuple[str, ...]
    later: str = ""
    """What will prove it, where no test of this tree does yet."""


QUEUE: Final = "tests/controller/test_work_queue.py"
TERMINATING: Final = "tests/controller/children/test_terminating_children.py"
PROPERTIES: Final = (
    Property(
        "P1",
        "converges from every intermediate state",
        ("tests/controller/test_crashes.py::test_a_crash_before_or_after_any_write_heals",),
    ),
    Property(
        "P2",
        "converges from any mixture of children",
        ("tests/controller/test_any_mixture.py::test_any_mixture_of_children_becomes_what_the_spec_says",),
    ),
    Property(
        "P3",
        "a second reconcile writes nothing",
        ("tests/controller/test_at_rest.py::test_in_steady_state_nothing_is_written_and_no_message_changes",),
    ),
    Property(
        "P4",
        "a restart at rest writes nothing",
        ("tests/controller/test_at_rest.py::test_a_restart_in_steady_state_writes_nothing",),
    ),
    Property(
        "P5",
        "as many creates and deletes as without the fault",
        ("tests/controller/test_crashes.py::test_a_crash_before_or_after_any_write_heals",),
    ),
    Property(
        "P6",
        "a stale list harms nothing live",
        (
            "tests/controller/test_the_feed.py::test_an_operator_that_starts_with_a_stale_list_removes_nothing_that_is_live",
        ),
    ),
    Property(
        "P7",
        "the same name with a new uid is another object",
        (
            "tests/controller/children/test_applier.py::test_a_namesake_of_an_empty_revision_is_not_removed",
            "tests/controller/test_the_feed.py::test_a_namesake_made_while_the_operator_slept_gets_children_of_its_own",
        ),
    ),
    Property(
        "P8",
        "events lost, doubled and reordered change nothing in the end",
        ("tests/controller/test_the_feed.py::test_events_lost_doubled_and_out_of_order_change_nothing_in_the_end",),
    ),
    Property(
        "P9",
        "an object deleted in a gap of the feed is made again",
        (
            "tests/controller/test_the_feed.py::test_a_child_whose_deletion_the_watch_missed_is_recreated",
            "tests/cluster/test_informer.py::test_an_object_deleted_in_a_410_gap_is_lost_after_the_relist",
        ),
    ),
    Property(
        "P10",
        "a watch that is open and silent is left",
        (
            "tests/process/test_ports.py::test_only_what_a_restart_would_heal_is_sickness",
            "tests/cluster/test_informer.py::test_a_silent_watch_is_left_and_goes_on_from_the_last_version",
        ),
    ),
    Property(
        "P11",
        "our own writes are read",
        (
            "tests/controller/test_leader_tasks.py::test_our_own_delete_is_applied_to_the_store_before_the_watch_reports_it",
            "tests/controller/test_the_feed.py::test_a_store_that_is_behind_our_own_writes_makes_nothing_twice",
            "tests/cluster/test_informer.py::test_our_own_write_is_in_the_store_before_the_watch_says_so",
        ),
    ),
    Property(
        "P12",
        "errors of the API heal",
        (
            "tests/controller/test_crashes.py::test_an_error_at_any_write_heals",
            "tests/controller/test_crashes.py::test_a_write_whose_answer_is_lost_heals",
            "tests/controller/test_leader_tasks.py::test_api_errors_and_a_lost_lease_are_retried",
            f"{QUEUE}::test_an_overloaded_api_server_is_left_alone_as_long_as_it_wants_whatever_wakes_the_key",
        ),
    ),
    Property(
        "P13",
        "the way to a spec leaves no trace",
        ("tests/controller/test_any_mixture.py::test_the_way_to_a_spec_leaves_no_trace",),
    ),
    Property(
        "P14",
        "a bad spec and back again is the old state",
        (
            "tests/controller/test_any_mixture.py::test_a_bad_spec_and_its_reversal_change_no_serving_replica",
            "tests/controller/test_bad_revisions.py::test_a_revision_that_cannot_start_is_given_up_and_retried",
            "tests/controller/test_bad_revisions.py::test_an_edit_heals_at_once",
            "tests/controller/test_bad_revisions.py::test_a_second_failure_waits_twice_as_long",
            "tests/controller/test_bad_revisions.py::test_a_missing_object_keeps_what_serves_and_heals_when_it_is_made",
            "tests/controller/test_small_parts.py::test_what_no_release_does_yet_is_refused_and_what_serves_goes_on",
        ),
    ),
    Property(
        "P15",
        "a bad spec keeps what serves",
        (
            "tests/controller/test_bad_revisions.py::test_a_revision_that_cannot_start_is_given_up_and_retried",
            "tests/controller/test_bad_revisions.py::test_an_engine_that_is_healthy_and_gives_no_tokens_is_no_replica",
            "tests/controller/test_bad_revisions.py::test_a_quota_that_refuses_pods_is_quoted",
            "tests/controller/test_bad_revisions.py::test_a_missing_object_keeps_what_serves_and_heals_when_it_is_made",
            "tests/controller/test_bad_revisions.py::test_a_secret_without_the_key_names_those_it_has",
            "tests/controller/test_bad_revisions.py::test_a_gpu_that_no_node_has_keeps_what_serves",
            "tests/controller/children/test_applier.py::test_a_refused_spec_keeps_a_revision_whose_template_annotation_is_missing",
            "tests/controller/test_rollouts.py::test_a_refused_spec_keeps_every_pod_that_serves",
            "tests/controller/test_rollouts.py::test_a_first_spec_that_is_refused_starts_nothing",
        ),
    ),
    Property(
        "P16",
        "a change of mind stays within the rollout's limits",
        (
            "tests/controller/children/test_applier.py::test_a_revision_that_is_requested_again_is_not_removed",
            "tests/controller/test_rollouts.py::test_a_change_of_mind_never_costs_more_than_the_rollout_may",
            "tests/controller/test_rollouts.py::test_a_revert_in_the_middle_keeps_what_serves",
            "tests/controller/test_rollouts.py::test_a_paused_rollout_still_counts",
        ),
    ),
    Property(
        "P17",
        "every field is live",
        (
            "tests/controller/test_every_field.py::test_every_field_changes_a_child_or_a_word_and_back",
            "tests/controller/test_every_field.py::test_every_rule_of_a_rollout_changes_how_one_goes",
            "tests/controller/test_every_field.py::test_every_rule_of_repair_changes_what_becomes_of_replicas_that_stop_serving",
            "tests/controller/test_every_field.py::test_nothing_is_excused_that_is_no_field",
        ),
    ),
    Property(
        "P18",
        "a deletion leaves nothing and makes nothing",
        (
            "tests/controller/test_deletion.py::test_a_deleted_deployment_leaves_nothing",
            "tests/controller/test_deletion.py::test_nothing_is_made_again_while_a_deployment_is_going",
            "tests/controller/test_deletion.py::test_what_a_deletion_orphaned_is_left_alone",
            "tests/controller/test_deletion.py::test_a_deletion_between_read_and_status_write_is_no_failure",
            f"{TERMINATING}::test_an_edit_rolls_out_while_the_routers_service_is_on_its_way_out",
            "tests/controller/children/test_applier.py::test_a_terminating_namespace_causes_no_alarming_condition",
        ),
    ),
    Property(
        "P19",
        "a child that was edited or removed is put back",
        (
            "tests/controller/children/test_applier.py::test_children_that_leave_or_are_others_are_not_pruned",
            "tests/controller/test_other_writers.py::test_a_deleted_child_is_recreated_by_the_next_reconcile",
            "tests/controller/test_other_writers.py::test_an_edited_child_is_restored_by_the_next_reconcile",
            "tests/controller/test_other_writers.py::test_the_last_foreign_field_manager_is_named",
            "tests/controller/test_other_writers.py::test_of_several_writers_the_one_that_wrote_the_field_is_named",
            "tests/controller/test_other_writers.py::test_what_others_added_stays",
        ),
    ),
    Property(
        "P20",
        "a stranger's object is left alone and named",
        (
            "tests/controller/test_other_writers.py::test_a_foreign_object_under_our_childs_name_is_left_alone",
            "tests/controller/test_other_writers.py::test_what_ran_before_a_name_was_taken_runs_on",
            "tests/controller/test_other_writers.py::test_what_was_orphaned_on_purpose_is_taken_back",
        ),
    ),
    Property(
        "P21",
        "two operators at once do no harm",
        (
            "tests/controller/test_other_writers.py::test_two_operators_at_once_do_no_harm",
            "tests/controller/test_other_writers.py::test_two_operators_in_the_same_moment_do_no_harm",
        ),
    ),
    Property(
        "P22",
        "whoever lost the Lease does not write",
        (
            "tests/controller/test_leader_tasks.py::test_api_errors_and_a_lost_lease_are_retried",
            "tests/controller/test_leader_tasks.py::test_a_fence_blocks_writes_by_a_process_that_does_not_lead",
            "tests/cluster/test_lease.py::test_a_shorter_lease_is_renewed_sooner_and_ends_sooner",
            "tests/controller/test_leading_process.py::test_a_process_that_is_stopped_releases_the_lease",
            "tests/controller/test_leading_process.py::test_who_lost_the_lease_ends_its_work",
            "tests/cluster/test_lease.py::test_a_leader_that_cannot_renew_stops_writing_by_the_deadline_and_signals_the_loss",
            "tests/cluster/test_lease.py::test_a_standby_takes_over_when_the_lease_ends_and_the_old_leader_finds_out",
        ),
    ),
    Property(
        "P23",
        "a missing right is named and harms nobody else",
        (
            "tests/controller/test_reference_cache.py::test_what_may_not_be_read_is_taken_on_trust",
            "tests/controller/test_rights.py::test_a_missing_right_is_named_and_heals",
            "tests/controller/test_rights.py::test_a_missing_right_to_delete_leaves_an_empty_revision_and_says_so",
            "tests/controller/test_rights.py::test_a_missing_right_to_set_pod_deletion_costs_is_reported",
            "tests/controller/test_rights.py::test_a_policy_that_refuses_a_child_is_quoted",
            "tests/controller/test_rights.py::test_what_one_deployment_is_refused_does_not_keep_another_from_serving",
        ),
    ),
    Property(
        "P24",
        "what is optional may be absent",
        (
            "tests/controller/test_rights.py::test_nodes_that_may_not_be_seen_hold_nothing_back",
            "tests/controller/test_rights.py::test_a_policy_that_comes_and_goes_is_followed",
            "tests/controller/test_small_parts.py::test_nodes_that_grow_hold_nothing_back",
        ),
    ),
    Property(
        "P25",
        "an upgrade changes nothing",
        ("tests/node/test_chart_lives.py::test_an_upgrade_a_removal_and_a_return_leave_alone_what_serves",),
    ),
    Property(
        "P26",
        "two writers on the count do not flap",
        (
            "tests/controller/test_counts.py::test_a_count_set_by_the_scale_subresource_is_obeyed_and_not_overwritten",
            "tests/controller/test_counts.py::test_two_who_disagree_change_each_count_once_and_no_more",
            "tests/controller/test_counts.py::test_without_a_count_and_without_scaling_there_is_one_replica",
        ),
    ),
    Property(
        "P27",
        "a recommendation of nonsense is bounded",
        (
            "tests/controller/test_counts.py::test_a_recommendation_of_nonsense_moves_nothing_beyond_the_bounds",
            "tests/controller/test_counts.py::test_an_oscillating_recommendation_is_followed_within_its_bounds",
            "tests/controller/test_counts.py::test_the_operator_never_takes_the_recommendation_away",
        ),
    ),
    Property(
        "P28",
        "the status is what the cluster holds",
        (
            "tests/controller/test_true_status_text.py::test_the_status_is_what_the_cluster_holds",
            "tests/controller/test_true_status_text.py::test_routers_that_say_nothing_leave_it_unknown",
        ),
    ),
    Property(
        "P29",
        "messages are stable",
        (
            "tests/controller/test_at_rest.py::test_in_steady_state_nothing_is_written_and_no_message_changes",
            "tests/controller/pods/test_pod_troubles.py::test_what_differs_from_one_try_to_the_next_is_left_out",
            "tests/controller/test_true_status_text.py::test_no_word_moves_while_nothing_does",
            "tests/controller/test_true_status_text.py::test_a_conditions_transition_time_moves_only_when_its_status_changes",
        ),
    ),
    Property(
        "P30",
        "one bad object harms only itself",
        (
            "tests/controller/test_leader_tasks.py::test_one_object_that_breaks_us_says_so_and_two_hundred_others_go_on",
            "tests/controller/test_small_parts.py::test_an_internal_error_is_reported_and_changes_nothing_else",
            "tests/controller/test_stored_nonsense.py::test_an_object_that_crashes_its_reconcile_breaks_no_other_object",
        ),
    ),
    Property(
        "P31",
        "what the schema would refuse today is frozen, never a crash loop",
        (
            "tests/controller/children/test_applier.py::test_a_refused_spec_keeps_a_revision_whose_template_annotation_is_missing",
            "tests/controller/status/test_shared_objects.py::test_a_policy_that_cannot_decide_says_why",
            "tests/controller/test_stored_nonsense.py::test_a_stored_spec_that_todays_schema_would_refuse_changes_no_serving_replica",
            "tests/controller/test_stored_nonsense.py::test_invalid_annotations_count_as_absent",
        ),
    ),
    Property(
        "P32",
        "the fleet may be large",
        (),
        later="`make prove ITEM=controller.6` measures 1,000 deployments on a real API server",
    ),
)
