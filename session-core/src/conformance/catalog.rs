//! All checks. The macro creates its tests from the same list.

use super::check::Act;
use super::report::announce;
use super::{Check, Level, Rule, Subject, Verdict};
use super::{
    compare_and_set, dropped, endings, expiry, foreign, handles, parallel, round_trip, sessions,
    silence, versions,
};

macro_rules! catalog {
    ($d:tt $($level:ident $Level:ident { $($rule:ident { $($module:ident::$name:ident)* })* })*) => {
        /// Returns the checks for a level, the basic ones first.
        ///
        /// [`conformance!`](crate::conformance!) turns each of them into a test.
        #[must_use]
        pub fn checks<S: Subject>(level: Level) -> Vec<Check<S>> {
            let all = [$($($((
                stringify!($name), Level::$Level, Rule::$rule, $module::$name::<S> as Act<S>,
            )),*),*),*];
            let asked = all.into_iter().filter(|check| check.1 <= level);
            asked.map(|(name, level, rule, act)| Check::new(name, level, rule, act)).collect()
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __conformance_tests {
            $(($level, $d subject:expr) => {$($(
                #[test]
                fn $name() {
                    $crate::conformance::__test(stringify!($name), $d subject);
                }
            )*)*};)*
        }
    };
}

catalog! { $
    basic Basic {
        UNTRUSTED_HANDLES {
            handles::unknown_handle_loads_nothing
            handles::strange_handle_loads_nothing
            handles::handles_are_compared_exactly
            handles::strange_ids_do_not_collide
        }
        NO_SESSION {
            foreign::foreign_data_loads_nothing
            foreign::unavailable_store_is_an_error
        }
        ROUND_TRIP {
            round_trip::data_and_flash_round_trip
            round_trip::empty_record_round_trips
            round_trip::unicode_round_trips
            round_trip::escapes_are_preserved
            round_trip::number_formats_are_preserved
            round_trip::white_space_is_preserved
            round_trip::times_and_merged_flash_round_trip
            round_trip::saved_record_is_replaced_completely
            round_trip::large_records_round_trip
            round_trip::many_records_do_not_collide
            sessions::session_continues_across_requests
        }
        EXPIRY {
            expiry::record_lives_for_its_ttl
            expiry::record_ends_after_its_ttl
            expiry::loaded_record_reports_its_expiry
            expiry::save_extends_the_ttl
            expiry::save_shortens_the_ttl
            expiry::zero_ttl_is_accepted
            expiry::fifty_year_ttl_is_accepted
            expiry::touching_an_unknown_id_does_not_succeed
            expiry::touch_extends_the_ttl
            expiry::touch_shortens_the_ttl
            sessions::reading_renews_a_session
            sessions::session_ends_after_its_lifetime
        }
        VERSIONS {
            expiry::touch_changes_only_the_expiry
        }
        DESTROY {
            endings::destroying_an_unknown_id_is_ok
        }
        NO_LOCK {
            dropped::dropped_load_leaves_no_lock
            dropped::dropped_touch_keeps_the_record
            dropped::dropped_save_leaves_old_or_new_record
        }
        IN_TIME {
            foreign::unavailable_store_fails_in_time
        }
        SILENT {
            silence::debug_reveals_nothing
        }
        ACCURATE {
            endings::can_revoke_is_accurate
            handles::handle_fits_in_a_cookie
            handles::record_of_full_capacity_is_stored
        }
    }
    revocable Revocable {
        NO_RESURRECTION {
            endings::late_save_does_not_resurrect
            endings::late_touch_does_not_resurrect
            endings::late_save_does_not_resurrect_an_expired_record
            endings::late_touch_does_not_resurrect_an_expired_record
        }
        DESTROY {
            endings::destroyed_record_is_gone
            endings::destroy_leaves_other_records
            endings::strange_id_affects_no_other_record
            endings::destroyed_id_can_be_stored_again
            endings::retired_record_is_gone
            endings::retiring_a_destroyed_record_reports_gone
            sessions::logout_is_final
            sessions::old_id_stays_invalid
        }
        NO_LOCK {
            dropped::dropped_creation_is_all_or_nothing
            dropped::dropped_destroy_is_all_or_nothing
        }
        ACCURATE {
            endings::driver_can_revoke
            handles::handle_keeps_naming_its_record
        }
    }
    concurrent Concurrent {
        NO_SESSION {
            foreign::foreign_data_is_not_overwritten
        }
        COMPARE_AND_SET {
            compare_and_set::existing_id_is_not_overwritten
            compare_and_set::save_with_stale_version_changes_nothing
            compare_and_set::conflict_returns_the_stored_record
            compare_and_set::touched_record_can_be_saved
            compare_and_set::retire_with_stale_version_keeps_the_record
            parallel::no_update_is_lost
            parallel::one_of_parallel_creations_succeeds
            parallel::one_of_parallel_saves_succeeds
            parallel::retire_and_save_exclude_each_other
            parallel::touch_and_save_exclude_each_other
            sessions::overlapping_requests_are_merged
            sessions::parallel_updates_of_a_counter_are_exact
            sessions::regenerate_keeps_parallel_writes
        }
        VERSIONS {
            versions::every_save_creates_a_new_version
            versions::recreated_record_has_a_new_version
            versions::parallel_saves_have_different_versions
            sessions::flash_survives_an_overlapping_request
        }
        NO_RESURRECTION {
            parallel::destroy_wins_against_parallel_saves
            parallel::destroy_wins_against_a_parallel_touch
            sessions::logout_wins_against_parallel_requests
        }
    }
}

/// Creates a `#[test]` for every promise of the [`Driver` contract](crate::Driver#contract), up to
/// a [level](crate::conformance::Level).
///
/// The first argument is the level: `basic`, `revocable` or `concurrent`. The second argument is an
/// expression that creates a [`Subject`](crate::conformance::Subject). Every test evaluates it. The
/// tests are named after the promises, so call the macro at most once per module.
///
/// A check that the subject or the driver makes impossible prints `conformance: NAME: not checked:
/// REASON` to standard error.
///
/// # Examples
///
/// A complete `tests/conformance.rs` for a driver with an in-process store:
///
/// ```
/// use std::sync::Arc;
/// use session_core::MemoryDriver;
///
/// session_core::conformance!(concurrent, Arc::new(MemoryDriver::new()));
/// ```
#[macro_export]
macro_rules! conformance {
    (basic, $subject:expr $(,)?) => {
        $crate::__conformance_tests!(basic, $subject);
    };
    (revocable, $subject:expr $(,)?) => {
        $crate::__conformance_tests!(basic, $subject);
        $crate::__conformance_tests!(revocable, $subject);
    };
    (concurrent, $subject:expr $(,)?) => {
        $crate::__conformance_tests!(basic, $subject);
        $crate::__conformance_tests!(revocable, $subject);
        $crate::__conformance_tests!(concurrent, $subject);
    };
}

/// Runs one test of [`conformance!`](crate::conformance!).
///
/// # Panics
///
/// Panics with the [`Failure`](super::Failure) if the driver breaks its promise.
#[doc(hidden)]
#[track_caller]
pub fn __test<S: Subject>(name: &str, subject: S) {
    let check = checks::<S>(Level::Concurrent)
        .into_iter()
        .find(|check| check.name() == name);
    let check = check.expect("the macro and the list have the same source");
    match check.run(subject) {
        Ok(Verdict::Kept) => {}
        Ok(Verdict::NotChecked(why)) => announce(&format!("{name}: not checked: {why}")),
        Err(failure) => panic!("{failure}"),
    }
}
