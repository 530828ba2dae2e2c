//! All checks. The macro creates its tests from the same list.

use super::{Check, Level, Rule, Subject, Verdict};
use super::{
    compare_and_set, crowd, dropped, endings, expiry, foreign, handles, index, logins, moved,
    parallel, round_trip, sessions, setup, silence, versions,
};

macro_rules! catalog {
    ($d:tt $($level:ident $Level:ident { $($need:ident { $($rule:ident { $($module:ident::$name:ident)* })* })* })*) => {
        /// Returns the checks for a level, the basic ones first.
        ///
        /// [`conformance!`](crate::conformance!) turns each of them into a test.
        #[must_use]
        pub fn checks<S: Subject>(level: Level) -> Vec<Check<S>> {
            let all = [$($($($(Check::new(
                stringify!($name),
                Level::$Level,
                need(stringify!($need)),
                Rule::$rule,
                $module::$name::<S>,
            )),*),*),*),*];
            all.into_iter().filter(|check| check.level() <= level).collect()
        }

        #[doc(hidden)]
        #[macro_export]
        macro_rules! __conformance_tests {
            $($(($level, $need, [$d($d attribute:tt)*], $d subject:expr) => {$($(
                #[test]
                $d(#$d attribute)*
                fn $name() {
                    $crate::conformance::__test(stringify!($name), $d subject);
                }
            )*)*};)*)*
        }
    };
}

catalog! { $
    basic Basic {
        nothing {
            UNTRUSTED_HANDLES {
                handles::unknown_handle_loads_nothing
                handles::strange_handle_loads_nothing
                handles::handles_are_compared_exactly
                handles::strange_ids_do_not_collide
                handles::long_ids_are_stored
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
                setup::parallel_setup_succeeds
                dropped::dropped_load_leaves_no_lock
                dropped::dropped_touch_keeps_the_record
                dropped::dropped_save_leaves_old_or_new_record
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
        touch {
            EXPIRY {
                expiry::touch_extends_the_ttl
                expiry::touch_shortens_the_ttl
            }
        }
        plant {
            NO_SESSION {
                foreign::foreign_data_loads_nothing
            }
        }
        take_down {
            NO_SESSION {
                foreign::unavailable_store_is_an_error
            }
            IN_TIME {
                foreign::unavailable_store_fails_in_time
            }
        }
    }
    concurrent Concurrent {
        nothing {
            ROUND_TRIP {
                moved::moved_record_round_trips
            }
            EXPIRY {
                moved::moved_record_ends_after_its_ttl
                logins::old_id_is_unknown_after_the_grace
            }
            COMPARE_AND_SET {
                compare_and_set::existing_id_is_not_overwritten
                compare_and_set::save_with_stale_version_changes_nothing
                compare_and_set::touch_with_stale_version_changes_nothing
                compare_and_set::conflict_returns_the_stored_record
                compare_and_set::touched_record_can_be_saved
                moved::late_save_conflicts_with_a_moved_record
                moved::late_touch_does_not_extend_a_moved_record
                parallel::no_update_is_lost
                parallel::one_of_parallel_creations_succeeds
                parallel::one_of_parallel_saves_succeeds
                parallel::move_and_save_exclude_each_other
                parallel::touch_and_save_exclude_each_other
                parallel::move_wins_against_a_parallel_touch
                sessions::overlapping_requests_are_merged
                sessions::parallel_updates_of_a_counter_are_exact
                logins::straggler_does_not_undo_a_login
                logins::second_login_gets_its_own_session
                logins::regenerate_keeps_parallel_writes
            }
            VERSIONS {
                versions::every_save_creates_a_new_version
                versions::save_returns_the_stored_version
                versions::recreated_record_has_a_new_version
                versions::parallel_saves_have_different_versions
                sessions::flash_survives_an_overlapping_request
            }
            NO_RESURRECTION {
                endings::late_save_does_not_resurrect
                endings::late_touch_does_not_resurrect
                moved::late_move_stores_nothing
                parallel::destroy_wins_against_parallel_saves
                parallel::destroy_wins_against_a_parallel_touch
                sessions::logout_wins_against_parallel_requests
            }
            DESTROY {
                endings::destroyed_record_is_gone
                endings::destroy_leaves_other_records
                endings::strange_id_affects_no_other_record
                endings::destroyed_id_can_be_stored_again
                moved::destroy_removes_a_moved_record
                sessions::logout_is_final
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
        expiry {
            NO_RESURRECTION {
                endings::late_save_does_not_resurrect_an_expired_record
                endings::late_touch_does_not_resurrect_an_expired_record
            }
        }
        plant {
            NO_SESSION {
                foreign::foreign_data_is_not_overwritten
            }
        }
    }
    indexed Indexed {
        nothing {
            INDEX {
                index::owned_record_is_listed
                index::owner_may_be_any_text
                index::changed_owner_is_listed
                index::extended_record_stays_listed
                index::destroy_leaves_other_records_listed
                index::many_sessions_are_listed
                index::list_misses_no_session_that_changes
                crowd::list_misses_no_session_in_a_crowd
                index::revoking_all_ends_every_session
                crowd::revoking_all_ends_every_session_in_a_crowd
            }
        }
    }
}

fn need(name: &'static str) -> Option<&'static str> {
    (name != "nothing").then_some(name)
}

/// Creates a `#[test]` for every promise of the [`Driver` contract](crate::Driver#contract), up to
/// a [level](crate::conformance::Level).
///
/// The first argument is the level: `basic`, `concurrent` or `indexed`. The second argument is an expression
/// that creates a [`Subject`](crate::conformance::Subject). Every test evaluates it. The tests are
/// named after the promises, so call the macro at most once per module.
///
/// Some checks need more than the required methods. A test that cannot ask fails and says what it
/// lacks, so that no promise counts as kept without being checked. If you do without, say so after
/// the subject. The test harness then shows these tests as ignored, with the reason "not asked":
///
/// | `without` | Is not asked |
/// |---|---|
/// | `touch` | the driver's own [`touch`](crate::Driver::touch), if it keeps the default |
/// | `expiry` | late calls on expired records, if the driver still returns them |
/// | `plant` | foreign data, without [`Subject::plant`](crate::conformance::Subject::plant) |
/// | `take_down` | outages, without [`Subject::take_down`](crate::conformance::Subject::take_down) |
///
/// # Examples
///
/// A complete `tests/conformance.rs` for a driver with an in-process store:
///
/// ```
/// use std::sync::Arc;
/// use session_core::MemoryDriver;
///
/// session_core::conformance!(concurrent, Arc::new(MemoryDriver::new()), without plant, take_down);
/// ```
///
/// ```text
/// $ cargo test --test conformance
/// test destroyed_record_is_gone ... ok
/// test foreign_data_loads_nothing ... ignored, not asked: without plant
/// …
/// ```
#[macro_export]
macro_rules! conformance {
    (basic, $subject:expr $(, without $($need:ident),+)? $(,)?) => {
        $crate::__conformance_basic!($subject, [$($($need)+)?]);
    };
    (concurrent, $subject:expr $(, without $($need:ident),+)? $(,)?) => {
        $crate::__conformance_basic!($subject, [$($($need)+)?]);
        $crate::__conformance_tests!(concurrent, nothing, [], $subject);
        $crate::__conformance_unless!(expiry, [$($($need)+)?], concurrent, $subject);
        $crate::__conformance_unless!(plant, [$($($need)+)?], concurrent, $subject);
    };
    (indexed, $subject:expr $(, without $($need:ident),+)? $(,)?) => {
        $crate::conformance!(concurrent, $subject $(, without $($need),+)?);
        $crate::__conformance_tests!(indexed, nothing, [], $subject);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_basic {
    ($subject:expr, [$($need:ident)*]) => {
        $($crate::__conformance_need!($need);)*
        $crate::__conformance_tests!(basic, nothing, [], $subject);
        $crate::__conformance_unless!(touch, [$($need)*], basic, $subject);
        $crate::__conformance_unless!(plant, [$($need)*], basic, $subject);
        $crate::__conformance_unless!(take_down, [$($need)*], basic, $subject);
    };
}

/// Creates the tests that need something, ignored if it is in the list of what is missing.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_unless {
    ($need:ident, [], $level:ident, $subject:expr) => {
        $crate::__conformance_tests!($level, $need, [], $subject);
    };
    (touch, [touch $($rest:ident)*], $level:ident, $subject:expr) => {
        $crate::__conformance_tests!($level, touch, [[ignore = "not asked: without touch"]], $subject);
    };
    (expiry, [expiry $($rest:ident)*], $level:ident, $subject:expr) => {
        $crate::__conformance_tests!($level, expiry, [[ignore = "not asked: without expiry"]], $subject);
    };
    (plant, [plant $($rest:ident)*], $level:ident, $subject:expr) => {
        $crate::__conformance_tests!($level, plant, [[ignore = "not asked: without plant"]], $subject);
    };
    (take_down, [take_down $($rest:ident)*], $level:ident, $subject:expr) => {
        $crate::__conformance_tests!($level, take_down, [[ignore = "not asked: without take_down"]], $subject);
    };
    ($need:ident, [$other:ident $($rest:ident)*], $level:ident, $subject:expr) => {
        $crate::__conformance_unless!($need, [$($rest)*], $level, $subject);
    };
}

/// Rejects misspelled needs.
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use session_core::MemoryDriver;
/// session_core::conformance!(concurrent, Arc::new(MemoryDriver::new()), without plants);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_need {
    (touch) => {};
    (expiry) => {};
    (plant) => {};
    (take_down) => {};
    ($other:ident) => {
        compile_error!(concat!(
            "`without ",
            stringify!($other),
            "`: use touch, expiry, plant or take_down"
        ));
    };
}

/// Runs one test of [`conformance!`](crate::conformance!).
///
/// # Panics
///
/// Panics with the [`Failure`](super::Failure) if the driver breaks its promise, and with the
/// reason if the check could not ask.
#[doc(hidden)]
#[track_caller]
pub fn __test<S: Subject>(name: &str, subject: S) {
    let check = checks::<S>(Level::Indexed)
        .into_iter()
        .find(|check| check.name() == name);
    let check = check.expect("the macro and the list have the same source");
    match check.run(subject) {
        Ok(Verdict::Kept) => {}
        Ok(Verdict::NotAsked(why)) => panic!(
            "{name} was not asked: {why}. If that is intended, add `without {}` after the subject of conformance!",
            check.needs().unwrap_or("…"),
        ),
        Err(failure) => panic!("{failure}"),
    }
}
