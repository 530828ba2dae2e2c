//! The list of all checks, which is also the list of tests that the macro makes.

use super::check::Act;
use super::{Check, Level, Rule, Subject, Verdict};
use super::{
    compare_and_set, dropped, endings, expiry, foreign, handles, parallel, round_trip, sessions,
    silence, versions,
};

macro_rules! catalog {
    ($d:tt $($level:ident $Level:ident { $($rule:ident { $($module:ident::$name:ident)* })* })*) => {
        /// Returns the checks that a driver of this level must pass, the basic ones first.
        ///
        /// [`conformance!`](crate::conformance!) makes a test of each.
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
        STRANGE_HANDLES {
            handles::an_unknown_handle_is_no_session
            handles::a_strange_handle_is_no_session
            handles::a_handle_is_compared_exactly
            handles::strange_ids_are_kept_apart
        }
        NO_SESSION {
            foreign::what_is_no_record_is_no_session
            foreign::a_store_that_is_down_is_an_error
        }
        ROUND_TRIP {
            round_trip::data_and_flash_come_back
            round_trip::an_empty_record_comes_back
            round_trip::unicode_comes_back
            round_trip::escapes_come_back_as_written
            round_trip::numbers_come_back_as_written
            round_trip::spaces_come_back_as_written
            round_trip::the_times_and_merged_flash_come_back
            round_trip::a_record_can_be_saved_again
            round_trip::a_large_record_comes_back_whole
            round_trip::many_records_are_kept_apart
            sessions::a_session_goes_on_from_request_to_request
        }
        EXPIRY {
            expiry::a_record_lives_for_its_ttl
            expiry::a_record_ends_after_its_ttl
            expiry::a_live_record_tells_its_end
            expiry::a_save_lengthens_a_life
            expiry::a_save_shortens_a_life
            expiry::a_ttl_of_zero_is_no_error
            expiry::a_ttl_of_fifty_years_is_no_error
            expiry::a_touch_of_nothing_is_no_success
            expiry::a_touch_lengthens_a_life
            expiry::a_touch_shortens_a_life
            sessions::a_session_that_is_only_read_is_renewed
            sessions::a_session_ends_after_its_lifetime
        }
        VERSIONS {
            expiry::a_touch_changes_the_expiry_only
        }
        DESTROY {
            endings::destroying_nothing_is_ok
        }
        NO_LOCK {
            dropped::a_dropped_load_leaves_no_lock
            dropped::a_dropped_touch_leaves_the_record
            dropped::a_dropped_save_leaves_the_old_or_the_new
        }
        IN_TIME {
            foreign::a_store_that_is_down_is_told_in_time
        }
        SILENT {
            silence::debug_is_silent
        }
        TRUE_TO_ITS_WORD {
            endings::can_revoke_tells_the_truth
            handles::a_handle_is_fit_for_a_cookie
            handles::a_record_of_the_full_capacity_is_stored
        }
    }
    revocable Revocable {
        NOTHING_RISES {
            endings::a_late_save_raises_nothing
            endings::a_late_touch_raises_nothing
            endings::a_late_save_raises_no_expired_record
            endings::a_late_touch_raises_no_expired_record
        }
        DESTROY {
            endings::a_destroyed_record_is_gone
            endings::destroying_one_record_leaves_the_others
            endings::a_strange_id_ends_nothing_else
            endings::a_destroyed_id_can_be_stored_anew
            endings::a_retired_record_is_gone
            endings::retiring_what_is_gone_is_told
            sessions::a_logout_is_final
            sessions::an_old_id_is_final
        }
        NO_LOCK {
            dropped::a_dropped_creation_leaves_all_or_nothing
            dropped::a_dropped_end_leaves_all_or_nothing
        }
        TRUE_TO_ITS_WORD {
            endings::the_driver_can_revoke
            handles::a_handle_keeps_naming_its_record
        }
    }
    concurrent Concurrent {
        NO_SESSION {
            foreign::what_is_no_record_is_left_alone
        }
        COMPARE_AND_SET {
            compare_and_set::an_id_is_taken_once
            compare_and_set::a_save_of_another_version_changes_nothing
            compare_and_set::a_conflict_brings_what_the_store_holds
            compare_and_set::a_touched_record_can_be_saved
            compare_and_set::retiring_another_version_leaves_the_record
            parallel::no_update_is_lost
            parallel::of_parallel_creations_of_an_id_one_succeeds
            parallel::of_parallel_saves_of_a_version_one_succeeds
            parallel::a_retirement_and_a_save_exclude_each_other
            parallel::a_touch_and_a_save_exclude_each_other
            sessions::overlapping_requests_are_merged
            sessions::counters_of_parallel_requests_are_exact
            sessions::a_new_id_loses_no_parallel_write
        }
        VERSIONS {
            versions::every_save_makes_a_new_version
            versions::a_record_made_anew_has_a_new_version
            versions::versions_of_parallel_saves_differ
            sessions::flash_of_an_overlapping_request_survives
        }
        NOTHING_RISES {
            parallel::a_destruction_beats_parallel_saves
            parallel::a_destruction_beats_a_parallel_touch
            sessions::a_logout_beats_parallel_requests
        }
    }
}

/// Makes a `#[test]` of each promise of the [`Driver` contract](crate::Driver#contract), up to a
/// [level](crate::conformance::Level).
///
/// The first argument is the level: `basic`, `revocable` or `concurrent`. The second is an expression that makes a
/// [`Subject`](crate::conformance::Subject); each test evaluates it. Each test has the name of its promise, so invoke
/// it once per module.
///
/// # Examples
///
/// A whole `tests/conformance.rs`, here for a driver with a store in this process:
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

/// What a test of [`conformance!`](crate::conformance!) does.
///
/// # Panics
///
/// With the [`Failure`](super::Failure), when the driver breaks its promise.
#[doc(hidden)]
#[track_caller]
pub fn __test<S: Subject>(name: &str, subject: S) {
    let check = checks::<S>(Level::Concurrent)
        .into_iter()
        .find(|check| check.name() == name);
    let check = check.expect("the macro and the list are made of one table");
    match check.run(subject) {
        Ok(Verdict::Kept) => {}
        Ok(Verdict::NotAsked(why)) => println!("{name} is not asked: {why}"),
        Err(failure) => panic!("{failure}"),
    }
}
