//! Worlds for the tests of those who act in them.

use super::World;
use super::scenario::Scenario;
use super::script::Action;

/// A world in which these lines were played.
pub fn world(scenario: &Scenario, lines: &[&str]) -> World {
    let mut world = World::new(scenario, 1).unwrap();
    lines.iter().for_each(|line| act(&mut world, line));
    world
}

/// Plays a line of the script.
pub fn act(world: &mut World, line: &str) {
    match Action::parse(line).unwrap_or_else(|error| panic!("{line}: {error}")) {
        Action::Advance(span) => world.play(world.now() + span),
        action => world.apply(&action).unwrap_or_else(|error| panic!("{line}: {error}")),
    }
}
