"""The security checklist: what can go wrong, which tests show that it does not, and what there is no code for yet.

Each line names tests that exist; whoever removes one has to say here what shows the same. Points of the checklist
without code have a reason instead, and the test below fails as soon as their code is there.
"""

from __future__ import annotations

import importlib

import pytest

from tests.house._house import sources

TESTS = {
    "S1 a template runs code": (
        "templates.test_safety:test_there_are_two_hundred_payloads",
        "templates.test_safety:test_a_hostile_template_is_refused",
        "templates.test_safety:test_a_hostile_text_is_no_template",
        "templates.test_safety:test_objects_are_refused_and_never_called",
        "templates.test_safety:test_a_bomb_is_stopped_fast",
        "security.test_payloads:test_the_sandbox_has_no_known_hole",
    ),
    "S2 a name becomes markup": (
        "security.test_payloads:test_a_name_arrives_as_it_is_and_styles_where_the_template_put_them",
        "templates.test_markup:test_a_value_is_never_markup",
        "transports.test_telegram:test_no_name_becomes_markup",
        "transports.test_telegram:test_content_is_one_call_without_a_parse_mode",
    ),
    "S3 a value becomes a header of a mail": (
        "transports.test_email:test_no_value_becomes_a_header",
        "transports.test_email:test_a_header_that_reads_differently_is_refused",
    ),
    "S4 one-click unsubscription breaks": (
        "security.test_payloads:test_links_of_every_length_stay_as_they_are",
        "transports.test_email:test_one_click_unsubscription_survives_byte_for_byte",
        "preferences.test_links:test_a_link_unsubscribes_from_what_it_was_made_for",
    ),
    "S5 a link is forged": (
        "preferences.test_tokens:test_every_single_bit_flip_is_rejected",
        "preferences.test_tokens:test_a_token_is_good_for_its_purpose_and_tenant_only",
        "preferences.test_tokens:test_a_planted_fault_breaks_a_law",
        "preferences.test_links:test_a_prefetch_changes_nothing",
        "preferences.test_tracking:test_no_bit_of_a_link_can_be_turned",
        "preferences.test_tracking:test_a_bent_link_leads_nowhere",
    ),
    "S6 a referral is bent": (
        "engine.test_referring:test_s6_forged_own_circular_and_replayed_links_bring_nothing",
        "engine.test_referring:test_ref_cycle_nobody_is_brought_by_whom_they_brought",
        "engine.test_referring:test_ref_refund_before_the_vesting_it_is_as_if_never_referred",
        "engine.test_referring_teeth:test_a_planted_fault_is_found",
        "loyalty.referrals.test_links:test_every_bit_of_a_link_counts",
        "loyalty.referrals.test_links:test_whatever_a_stranger_sends_is_refused",
        "loyalty.referrals.test_links:test_parts_of_genuine_links_make_no_other_one",
    ),
    "S8 a received webhook is forged": (
        "transports.test_webhook:test_what_is_not_genuine_is_refused_without_a_reason",
        "transports.test_webhook:test_every_flipped_bit_is_refused",
        "transports.test_webhook:test_a_large_body_is_refused_before_it_is_looked_at",
        "transports.test_webhook:test_without_a_good_secret_nothing_is_accepted",
        "security.test_payloads:test_a_replayed_webhook_is_known_by_its_id",
        "facts.test_codec:test_what_only_the_engine_makes_is_not_taken_from_outside",
        "intake.test_bridge:test_what_only_the_engine_makes_is_refused",
        "integrations.test_starlette:test_a_genuine_webhook_makes_nothing_of_the_engines",
        "integrations.test_telegram:test_only_telegram_knows_the_secret",
    ),
    "S9 a URL leads into the network": (
        "transports.test_webhook:test_addresses_inside_are_not_public",
        "transports.test_webhook:test_an_address_in_disguise_never_gets_through",
        "transports.test_webhook:test_the_address_that_was_checked_is_the_one_that_is_used",
        "transports.test_webhook:test_a_redirect_is_not_followed",
        "transports.test_webpush:test_a_subscription_inside_the_network_is_refused",
        "transports.test_apprise:test_an_address_stays_in_its_place",
        "templates.test_styles:test_a_style_sheet_elsewhere_is_not_opened",
        "security.test_payloads:test_there_are_sixty_addresses",
    ),
    "S10 a promo code is guessed": (
        "engine.test_codes:test_s10_five_wrong_codes_lock_for_an_hour",
        "engine.test_codes_laws:test_code_public_the_answers_are_the_same",
        "loyalty.codes.test_deriving:test_b26_codes_are_long_and_even",
        "loyalty.codes.test_deriving:test_code_uniq_and_fast",
        "loyalty.codes.test_deriving:test_the_secret_is_never_shown",
    ),
    "S11 a name or value becomes SQL": (
        "parity.test_sql_equals_tree:test_a_thousand_hostile_texts_mean_themselves",
        "parity.test_sql_equals_tree:test_a_thousand_hostile_names_are_only_names",
        "batch.test_duckdb:test_our_own_database_reaches_nothing",
    ),
    "S12 loading runs code": (
        "house.test_bans:test_our_code_does_nothing_banned",
        "house.test_bans:test_a_planted_sin_is_found",
        "integrations.test_mail:test_a_report_with_scars_is_read_or_refused",
    ),
    "S13 input exhausts us": (
        "rules.test_hostile_files:test_hostile_files_raise_one_kind_of_error",
        "intake.test_hostile:test_a_megabyte_of_nonsense_is_refused_soon",
        "intake.test_hostile:test_a_hostile_fact_is_refused",
        "integrations.test_mail:test_what_is_no_report_is_refused",
    ),
    "S14 a pattern takes for ever": (
        "security.test_payloads:test_a_pattern_in_a_rule_is_a_text",
        "security.test_payloads:test_no_pattern_of_ours_takes_for_ever",
    ),
    "S15 a number is none": (
        "intake.test_hostile:test_a_hostile_cell_is_refused_with_row_and_column",
        "intake.test_hostile:test_a_hostile_fact_is_refused_by_pydantic",
        "rules.test_hostile_files:test_there_are_a_thousand",
    ),
    "S17 persons and secrets are logged": (
        "security.test_canary:test_nothing_of_a_person_is_told",
        "security.test_canary:test_the_canary_would_be_seen",
        "transports.test_telegram:test_the_token_is_in_no_log_error_or_repr",
        "transports.test_apprise:test_nothing_of_an_alert_is_logged",
        "transports.test_webpush:test_nothing_secret_is_shown",
        "transports.test_email:test_nothing_of_a_person_is_told_by_a_failure",
    ),
    "S19 consent is passed by": (
        "laws.test_manners:test_no_message_breaks_a_manner_and_none_is_lost",
        "delivery.test_delivery:test_what_was_recorded_last_counts",
        "delivery.test_delivery:test_consent_to_one_channel_is_none_to_another",
        "delivery.test_simulation:test_the_promises_hold",
    ),
    "S20 a message reaches somebody else": (
        "delivery.test_simulation:test_a_missing_safeguard_is_noticed",
        "preferences.test_tokens:test_a_token_is_good_for_its_purpose_and_tenant_only",
        "security.test_payloads:test_every_message_goes_to_the_address_of_its_customer",
    ),
    "S22 a dependency is not what it seems": (
        "house.test_constraints:test_the_core_needs_three_distributions_and_nothing_else",
        "house.test_constraints:test_everything_asked_for_is_constrained",
        "security.test_payloads:test_the_sandbox_has_no_known_hole",
    ),
    "S23 points are stolen": (
        "engine.test_codes_races:test_code_limit_threads_with_connections_of_their_own",
        "loyalty.test_bug_classes:test_b18_the_last_unit_is_spent_once_by_two_who_read_the_same",
        "loyalty.test_bug_classes:test_b1_no_free_points_by_buying_and_returning",
        "loyalty.test_bug_classes:test_b6_a_repeated_earn_is_one_earn",
        "loyalty.test_commands:test_a_refusal_has_a_code_and_changes_nothing",
    ),
    "S24 a dry run sends": (
        "security.test_payloads:test_what_only_shows_cannot_send",
        "cli.test_previewing:test_a_preview_changes_nothing",
    ),
}
MISSING = {  # point: what is not there, and texts that its code would hold
    "S7 data of a mini-app are replayed": ("mini-apps", "init_data", "webapp"),
    "S16 a cell is a formula": ("CSV output: commands print tables and JSON", "csv.writer", "DictWriter"),
    "S18 an erased person comes back": ("erasure", "def erase", "secure_delete"),
    "S21 a broadcast spends money": ("paid broadcasts: they cannot be asked for", "allow_paid_broadcast"),
}


@pytest.mark.parametrize("point", TESTS)
def test_every_point_has_tests(point: str) -> None:
    """Each of them is there, under the name that stands above."""
    for name in TESTS[point]:
        module, _, test = name.partition(":")
        assert callable(getattr(importlib.import_module(f"tests.{module}"), test, None)), f"{name} is not there"


def test_the_list_is_whole() -> None:
    """Twenty-four points, each once."""
    points = [int(name.split()[0].removeprefix("S")) for name in (*TESTS, *MISSING)]
    assert sorted(points) == list(range(1, 25))


@pytest.mark.parametrize("point", MISSING)
def test_what_has_no_tests_has_no_code(point: str) -> None:
    """As soon as the code is there, its tests are due."""
    _, *signs = MISSING[point]
    found = [(path, sign) for path, text in sources().items() for sign in signs if sign in text]
    assert found == []
