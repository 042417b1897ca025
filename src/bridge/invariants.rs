//! Properties by the numbers of the invariants that they hold: random events, the same every time.

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};

/// An invariant that does not hold, and how.
pub(super) type Broken = (u8, String);

/// Holds that events never break this invariant first. `run` gives the first one that they break;
/// `SEGUE_SIMULATIONS=N` tries so many, `SEGUE_SIMULATIONS_SEED=N` others.
pub(super) fn holds<S: Strategy>(
    number: u8,
    cases: u32,
    events: &S,
    run: impl Fn(S::Value) -> Result<(), Broken>,
) {
    let wish = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let config = Config {
        cases: wish("SEGUE_SIMULATIONS").unwrap_or(cases),
        rng_seed: RngSeed::Fixed(wish("SEGUE_SIMULATIONS_SEED").unwrap_or(number.into()).into()),
        failure_persistence: None,
        ..Config::default()
    };
    let held = TestRunner::new(config).run(events, |events| match run(events) {
        Err((broken, how)) if broken == number => Err(TestCaseError::fail(how)),
        _ => Ok(()),
    });
    held.unwrap_or_else(|error| panic!("invariant {number}: {error}"));
}
